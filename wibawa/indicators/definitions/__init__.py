"""What an indicator counts: dated versions that one person proposes and another decides."""
