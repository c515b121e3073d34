/** A mocha root hook: the topics that the package's own run_docker.sh creates before its suite. */

const { AdminClient } = require('node-rdkafka')

exports.mochaHooks = {
  async beforeAll () {
    const admin = AdminClient.create({ 'metadata.broker.list': process.env.KAFKA_HOST })
    for (const topic of ['test', 'test2', 'test3', 'test4', 'test5', 'test6']) {
      await new Promise((resolve, reject) => {
        const settings = { topic, num_partitions: 1, replication_factor: 1 }
        admin.createTopic(settings, 10_000, error => error && error.code !== 36 /* it exists */ ? reject(error) : resolve())
      })
    }
    admin.disconnect()
  }
}
