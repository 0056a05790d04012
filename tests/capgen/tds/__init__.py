"""TDS on the wire (MS-TDS, MC-SMP): framing, login, requests, result tokens. Knows nothing of TCP."""
