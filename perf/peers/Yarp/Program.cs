using Yarp.ReverseProxy.Configuration;

// YARP as its documentation sets it up: one route, one cluster, one destination. `--urls` and `--engine` say from where to where.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
var engine = builder.Configuration["engine"] ?? throw new InvalidOperationException("--engine=URL is needed.");
builder.Services.AddReverseProxy().LoadFromMemory(
    [new RouteConfig { RouteId = "all", ClusterId = "engine", Match = new RouteMatch { Path = "/{**path}" } }],
    [new ClusterConfig { ClusterId = "engine", Destinations = new Dictionary<string, DestinationConfig> { ["mock"] = new() { Address = engine } } }]);
var app = builder.Build();
app.MapReverseProxy();
await app.RunAsync();
