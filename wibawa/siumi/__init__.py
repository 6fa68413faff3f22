"""SI-UMI, the city's register of micro-enterprises: its file is checked, shown and applied."""
