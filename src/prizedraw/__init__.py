"""prizedraw: an embeddable prize-draw engine."""
