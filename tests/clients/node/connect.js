'use strict'
// Clients of the servers that tests/clients/test_node.py has started.

const fs = require('node:fs')
const path = require('node:path')
const grpc = require('@grpc/grpc-js')
const loader = require('@grpc/proto-loader')

const PROTO = path.resolve(__dirname, '../../../proto')

const definition = loader.loadSync(
  [
    'summsvc/v1/summarization_service.proto',
    'summsvc/v1/translation_service.proto',
    'summsvc/v1/model_service.proto',
    'google/rpc/status.proto',
    'google/rpc/error_details.proto',
    'health.proto',
  ],
  {
    includeDirs: [PROTO, process.env.GOOGLEAPIS, __dirname],
    keepCase: true,
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
    json: true,
  },
)

const packages = grpc.loadPackageDefinition(definition)
const SERVICES = { ...packages.summsvc.v1, Health: packages.grpc.health.v1.Health }

/** The service config that the page for client authors shows. */
const SERVICE_CONFIG = fs.readFileSync(process.env.SERVICE_CONFIG, 'utf-8')

const OPTIONS = {
  'grpc.service_config': SERVICE_CONFIG,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
}

/** A client of one service. */
function connect(service, target, credentials = grpc.credentials.createInsecure()) {
  return new SERVICES[service](target, credentials, OPTIONS)
}

/** Call a unary method; resolves to the reply and the server's address, rejects with the error. */
function unary(client, method, request, options = {}, metadata = new grpc.Metadata()) {
  return new Promise((resolve, reject) => {
    const call = client[method](request, metadata, { deadline: inSeconds(60), ...options }, (error, reply) =>
      error ? reject(error) : resolve({ reply, peer: call.getPeer() }),
    )
  })
}

/** A deadline. */
function inSeconds(seconds) {
  return Date.now() + 1000 * seconds
}

/** The details of an error, by the short name of their type. */
function detailsOf(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin')
  const { details } = definition['google.rpc.Status'].deserialize(bytes)
  return Object.fromEntries(details.map((detail) => [detail['@type'].replace(/.*\./, ''), detail]))
}

module.exports = { SERVICES, SERVICE_CONFIG, connect, definition, detailsOf, grpc, inSeconds, unary }
