import { port, sdk } from './sdk'

export const main = sdk.setupMain(async ({ effects }) => {
  const mounts = sdk.Mounts.of()
    .mountVolume({ volumeId: 'main', subpath: null, mountpoint: '/var/lib/pool-monitor', readonly: false })
    .mountDependency({
      dependencyId: 'bitcoind',
      volumeId: 'main',
      subpath: null,
      mountpoint: '/mnt/bitcoind',
      readonly: true,
    })

  return sdk.Daemons.of(effects).addDaemon('primary', {
    subcontainer: sdk.SubContainer.of(effects, { imageId: 'main' }, mounts, 'primary'),
    exec: {
      command: ['/opt/pool-monitor/bin/pool-monitor', 'run'],
      user: 'root', // as the node is: its cookie can be read by its user alone
      env: {
        POOL_MONITOR_NODE__URL: 'http://bitcoind.startos:8332',
        POOL_MONITOR_NODE__COOKIE_FILE: '/mnt/bitcoind/.cookie',
      },
    },
    ready: {
      display: 'Page',
      fn: () =>
        sdk.healthCheck.checkPortListening(effects, port, {
          successMessage: 'The page is served',
          errorMessage: 'The page is not served yet',
        }),
    },
    requires: [],
  })
})
