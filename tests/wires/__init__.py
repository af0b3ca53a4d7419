"""The two transports by themselves, without a workshop: protocol, conformance, slow readers, broken clients."""
