// Reads Chaperone's ledgers with implementations that are not Chaperone's: the log and file checker of Tessera, the
// note package of the Go checksum database, and the formats of the transparency-dev project.
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/url"
	"os"
	"time"

	f_note "github.com/transparency-dev/formats/note"
	f_proof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	commands := map[string]func([]string) error{"fsck": check, "proof": verifyProof, "keygen": generate, "log": runLog}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "fsck <folder> <key> | proof <file> <log key> <witness key>... | keygen <name> | log <folder> <private key> <count> <witness key> <witness url>")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// check takes every hash of a log again.
func check(args []string) error {
	verifier, err := note.NewVerifier(args[1])
	if err != nil {
		return err
	}
	source := &client.FileFetcher{Root: args[0]}
	if err := fsck.New(verifier.Name(), verifier, source, hashBundle, fsck.Opts{N: 2}).Check(context.Background()); err != nil {
		return err
	}
	checkpoint, _, _, err := client.FetchCheckpoint(context.Background(), source.ReadCheckpoint, verifier, verifier.Name())
	if err != nil {
		return err
	}
	fmt.Printf("%d\n", checkpoint.Size)
	return nil
}

func hashBundle(bytes []byte) ([][]byte, error) {
	bundle := &api.EntryBundle{}
	if err := bundle.UnmarshalText(bytes); err != nil {
		return nil, err
	}
	hashes := make([][]byte, 0, len(bundle.Entries))
	for _, entry := range bundle.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}

// verifyProof verifies a proof file, every witness named included. The entry is the SHA-256 of what the file shows.
func verifyProof(args []string) error {
	bytes, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var file f_proof.TLogProof
	if err := file.Unmarshal(bytes); err != nil {
		return err
	}
	verifier, err := note.NewVerifier(args[1])
	if err != nil {
		return err
	}
	var witnesses []note.Verifier
	for _, key := range args[2:] {
		witness, err := f_note.NewVerifierForCosignatureV1(key)
		if err != nil {
			return err
		}
		witnesses = append(witnesses, witness)
	}
	checkpoint, _, signed, err := log.ParseCheckpoint(file.Checkpoint, verifier.Name(), verifier, witnesses...)
	if err != nil {
		return err
	}
	if len(signed.Sigs) != 1+len(witnesses) {
		return fmt.Errorf("%d signatures hold, not %d", len(signed.Sigs), 1+len(witnesses))
	}
	digest := sha256.Sum256(file.ExtraData)
	leaf := rfc6962.DefaultHasher.HashLeaf(digest[:])
	hashes := make([][]byte, len(file.Hashes))
	for i, hash := range file.Hashes {
		hashes[i] = hash[:]
	}
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, file.Index, checkpoint.Size, leaf, hashes, checkpoint.Hash); err != nil {
		return err
	}
	fmt.Printf("%d of %d\n", file.Index, checkpoint.Size)
	return nil
}

func generate(args []string) error {
	private, public, err := note.GenerateKey(nil, args[0])
	if err != nil {
		return err
	}
	fmt.Printf("%s\n%s\n", private, public)
	return nil
}

// runLog keeps a log of its own, whose every checkpoint a witness has to sign.
func runLog(args []string) error {
	ctx := context.Background()
	signer, err := note.NewSigner(args[1])
	if err != nil {
		return err
	}
	address, err := url.Parse(args[4])
	if err != nil {
		return err
	}
	witness, err := tessera.NewWitness(args[3], address)
	if err != nil {
		return err
	}
	driver, err := posix.New(ctx, posix.Config{Path: args[0]})
	if err != nil {
		return err
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(time.Second).
		WithBatching(64, 50*time.Millisecond).
		WithWitnesses(tessera.NewWitnessGroup(1, witness), &tessera.WitnessOptions{FailOpen: false})
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return err
	}
	var count int
	if _, err := fmt.Sscanf(args[2], "%d", &count); err != nil {
		return err
	}
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 100*time.Millisecond)
	var last tessera.IndexFuture
	for i := range count {
		last = appender.Add(ctx, tessera.NewEntry([]byte(fmt.Sprintf("entry %d", i))))
	}
	if _, _, err := awaiter.Await(ctx, last); err != nil {
		return err
	}
	return shutdown(ctx)
}
