"""Which kinds of requests are approved only with a document: a dated setting with its history."""
