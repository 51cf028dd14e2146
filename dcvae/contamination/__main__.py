"""Program `python -m dcvae.contamination`: the command `dcvae contamination`."""

from dcvae.contamination.command import main

if __name__ == "__main__":
    main()
