// Starts the program, or says which Node.js it needs. An old version refuses a file with newer syntax as a whole, so this one has
// only what every version knows, and what comes after the question is in a file of its own.
'use strict';

const needed = /\d+\.\d+/.exec(require('../package.json').engines.node)[0];

function isEnough(version) {
  const found = version.split('.').map(Number);
  const least = needed.split('.').map(Number);
  return found[0] > least[0] || (found[0] === least[0] && found[1] >= least[1]);
}

if (isEnough(process.versions.node)) {
  require('./start.cjs');
} else {
  const found = `${process.execPath} is ${process.version}`;
  process.stderr.write(`error: kairos-factory needs Node.js ${needed} or newer, and ${found}\n`);
  process.exitCode = 3;
}
