using Podvirt;

// Podvirt inside an ASP.NET Core application: run it, then send the key it prints to /v1/chat/completions.
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddPodvirt(o => o.ConfigFile = Path.Combine(AppContext.BaseDirectory, "podvirt.yaml"));
var app = builder.Build();
app.MapPodvirt();
await app.StartAsync();
Console.WriteLine(app.Services.GetRequiredService<PodvirtInstance>().TakeDevelopmentKey());
await app.WaitForShutdownAsync();
