"""The leadership's one page: targets, quality, places, waiting times, and what needs a decision."""
