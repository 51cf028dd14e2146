"""Train DC-VAE on normal data: python train.py DATA.csv SETTINGS.txt."""

from dcvae.cli.train import main

if __name__ == "__main__":
    main()
