using Podvirt.Simulator.Options;
using Podvirt.Simulator.Startup;

namespace Podvirt.Simulator.Tests.Engines;

/// <summary>An engine inside the test process, on a free port, quick unless told otherwise.</summary>
internal sealed class InProcessEngine : IAsyncDisposable
{
    private static readonly string[] _quick =
    [
        "serve", "org/model", "--served-model-name", "m", "--port", "0", "--enable-sleep-mode",
        "--sim-load-weights", "0", "--sim-load-compile", "0", "--sim-load-graphs", "0", "--sim-sleep", "0",
        "--sim-wake-level1", "0", "--sim-wake-level2", "0", "--sim-ttft", "0", "--sim-prefill-per-token", "0", "--sim-token-time", "0",
    ];

    private readonly EngineHost _host;

    private InProcessEngine(EngineHost host, StringWriter log, string? key)
    {
        _host = host;
        Log = log;
        Client = new EngineClient(host.Port, key);
    }

    public EngineClient Client { get; }

    public int Port => _host.Port;

    public StringWriter Log { get; }

    public static Task<InProcessEngine> StartAsync(params string[] more) => StartAsync(TimeProvider.System, more);

    public static async Task<InProcessEngine> StartAsync(TimeProvider time, params string[] more)
    {
        var options = Parse(more);
        var log = new StringWriter();
        var host = new EngineHost(options, time, log, Environment.ProcessId);
        Assert.True(await host.StartAsync(CancellationToken.None), log.ToString());
        return new InProcessEngine(host, log, options.ApiKey);
    }

    public static SimulatorOptions Parse(params string[] more)
    {
        Assert.True(OptionParser.TryParse(
            [.. _quick, .. more], name => name == "VLLM_SERVER_DEV_MODE" ? "1" : null, out var options, out var error), error);
        return options;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _host.StopAsync();
        await _host.DisposeAsync();
    }
}
