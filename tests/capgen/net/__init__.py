"""From the wire up to TCP: addresses, checksums, link layers, capture files. Knows nothing of TDS."""
