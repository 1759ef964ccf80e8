using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Podvirt.ClickHouseHost;

// Podvirt.ClickHouseHost LIBRARY DATA-PATH PORT [SETTING…]: the ClickHouse engine behind its HTTP interface, on the loopback address. Settings
// stand as on a server's command line, --max_threads=8, and come before those that suit tests.
if (args is not [var library, var data, var portText, .. var settings] || !int.TryParse(portText, CultureInfo.InvariantCulture, out var port))
{
    await Console.Error.WriteLineAsync("usage: Podvirt.ClickHouseHost LIBCHDB DATA-PATH PORT [--SETTING=VALUE…]");
    return 2;
}
Chdb.LoadFrom(library);
using var engine = new Engine(data, settings);
var faults = new FaultPlan();
var handler = new StatementHandler(engine, faults);

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.ListenLocalhost(port);
    kestrel.Limits.MaxRequestBodySize = null;
    kestrel.Limits.MaxRequestLineSize = 1 << 20;
    kestrel.Limits.MaxRequestBufferSize = 4 << 20;
});
await using var app = builder.Build();
app.MapGet("/ping", () => "Ok.\n");
app.MapPut("/faults", (Faults order) =>
{
    faults.Set(order);
    return Results.NoContent();
});
app.MapPost("/", handler.HandleAsync);
await app.RunAsync();
return 0;
