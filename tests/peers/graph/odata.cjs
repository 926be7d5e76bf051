// SAP's OData V4 server over the metadata of Microsoft Graph: it evaluates $filter, lambdas included, by itself.
//
// usage: node odata.cjs METADATA.xml DATA_FOLDER     prints "listening PORT"
const http = require('node:http');
const Mockserver = require('@sap-ux/fe-mockserver-core').default;

const [metadataPath, mockdataPath] = process.argv.slice(2);

(async () => {
  const mock = new Mockserver({
    services: [{ metadataPath, mockdataPath, urlPath: '/v1.0', generateMockData: false, watch: false, noETag: true }],
  });
  await mock.isReady;
  const router = mock.getRouter();
  const server = http.createServer((request, response) => {
    router(request, response, (error) => {
      response.statusCode = error ? 500 : 404;
      response.end(String(error?.message ?? 'not found'));
    });
  });
  server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
