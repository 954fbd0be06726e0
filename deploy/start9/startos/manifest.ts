import { setupManifest } from '@start9labs/start-sdk'

// Empty addresses: set those of where you publish it.
export const manifest = setupManifest({
  id: 'pool-monitor',
  title: 'pool-monitor',
  license: 'MIT',
  packageRepo: '',
  upstreamRepo: '',
  marketingUrl: '',
  donationUrl: null,
  description: {
    short: 'Who mines Bitcoin, and how concentrated is it?',
    long: 'Attributes every block of your own node to a pool, with the evidence, and shows shares and indices of concentration with their uncertainty.',
  },
  volumes: ['main'],
  images: {
    main: {
      source: { dockerBuild: { dockerfile: '../docker/Dockerfile', workdir: '../..' } },
      arch: ['x86_64', 'aarch64'],
    },
  },
  dependencies: {
    bitcoind: {
      description: 'The node whose blocks are counted.',
      optional: false,
      metadata: { title: 'Bitcoin', icon: '' },
    },
  },
})
