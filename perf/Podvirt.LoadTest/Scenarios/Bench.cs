using System.Globalization;
using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.MockEngine;
using Podvirt.LoadTest.Proxies;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>A mock engine and a generator, each in its own process, and what starts proxies between them.</summary>
internal sealed class Bench : IAsyncDisposable
{
    private readonly ControlledProcess _engine;
    private readonly ControlledProcess _generator = ControlledProcess.Start("generate");

    private Bench(Workplace place, ControlledProcess engine, int enginePort)
    {
        _engine = engine;
        EnginePort = enginePort;
        Starter = new ProxyStarter(place, enginePort);
    }

    public int EnginePort { get; }

    public ProxyStarter Starter { get; }

    public long EngineCpu => ProcessAccount.CpuOf(_engine.Id);

    public long GeneratorCpu => ProcessAccount.CpuOf(_generator.Id);

    public static async Task<Bench> StartAsync(Workplace place, params string[] engineArguments)
    {
        var engine = ControlledProcess.Start(["engine", "--controlled", .. engineArguments]);
        var port = int.Parse(await engine.ReadLineAsync(), CultureInfo.InvariantCulture);
        return new Bench(place, engine, port);
    }

    public Task<LoadResult> RunAsync(LoadPlan plan) => _generator.AskAsync<LoadResult>(plan);

    /// <summary>What the engine saw since the last question.</summary>
    public Task<EngineReport> AskEngineAsync() => _engine.AskAsync<EngineReport>("report");

    public async ValueTask DisposeAsync()
    {
        await _generator.DisposeAsync();
        await _engine.DisposeAsync();
    }
}
