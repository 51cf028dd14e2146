"""Files: bytes to named columns of cells, whatever the tool that wrote them."""
