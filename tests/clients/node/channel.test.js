'use strict'
// TLS and tokens, balancing over instances, and retries by the published service config.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { SERVICES, connect, detailsOf, grpc, unary } = require('./connect')

const [SENTENCE] = JSON.parse(process.env.KNOWN)
const request = { article: { body: SENTENCE }, length: { max_sentences: 1 } }

function bearer(token) {
  const metadata = new grpc.Metadata()
  metadata.set('authorization', `Bearer ${token}`)
  return metadata
}

async function summarized(target, credentials, metadata) {
  const client = connect('SummarizationService', target, credentials)
  try {
    return await unary(client, 'Summarize', request, {}, metadata)
  } finally {
    client.close()
  }
}

test('TLS with a token', async () => {
  const credentials = grpc.credentials.createSsl(fs.readFileSync(process.env.CA))
  const { reply } = await summarized(process.env.SECURE, credentials, bearer(process.env.TOKEN))
  assert.equal(reply.summary, SENTENCE)
})

test('TLS without the right token', async () => {
  const credentials = grpc.credentials.createSsl(fs.readFileSync(process.env.CA))
  await assert.rejects(summarized(process.env.SECURE, credentials, bearer('wrong')), (error) => {
    assert.equal(error.code, grpc.status.UNAUTHENTICATED)
    assert.equal(detailsOf(error).ErrorInfo.reason, 'UNAUTHENTICATED')
    return true
  })
})

test('a certificate of an unknown authority is rejected', async () => {
  const client = connect('SummarizationService', process.env.SECURE, grpc.credentials.createSsl())
  try {
    await assert.rejects(unary(client, 'Summarize', request, { deadline: Date.now() + 2000 }), (error) =>
      [grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED].includes(error.code),
    )
  } finally {
    client.close()
  }
})

test('calls of one channel go to all addresses of its name', async () => {
  const addresses = [process.env.TARGET, process.env.SECOND]
  const client = connect('SummarizationService', `ipv4:${addresses.join(',')}`)
  try {
    const peers = new Set()
    // The second connection may be made later than the first.
    for (let calls = 0; calls < 1000 && peers.size < 2; calls++) {
      peers.add((await unary(client, 'Summarize', request)).peer)
    }
    assert.deepEqual([...peers].sort(), addresses.sort())
  } finally {
    client.close()
  }
})

for (const code of ['UNAVAILABLE', 'CANCELLED']) {
  test(`${code} is retried`, async () => {
    const calls = await attempts(code, 2)
    assert.equal(calls, 3)
  })
}

test('RESOURCE_EXHAUSTED is not retried', async () => {
  await assert.rejects(attempts('RESOURCE_EXHAUSTED', 1), { code: grpc.status.RESOURCE_EXHAUSTED })
})

/** Call a server that fails ``failures`` times; resolves to the number of calls it received. */
async function attempts(code, failures) {
  let received = 0
  const server = new grpc.Server()
  server.addService(SERVICES.SummarizationService.service, {
    Summarize: (call, reply) => {
      received += 1
      if (received <= failures) reply({ code: grpc.status[code], details: 'as the test wants' })
      else reply(null, { summary: SENTENCE })
    },
  })
  const port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  const client = connect('SummarizationService', `127.0.0.1:${port}`)
  try {
    await unary(client, 'Summarize', request)
    return received
  } finally {
    client.close()
    server.forceShutdown()
  }
}
