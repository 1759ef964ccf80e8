using System.Globalization;
using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.MockEngine;
using Podvirt.LoadTest.Proxies;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>A mock engine and a generator, each in a process of its own.</summary>
internal sealed class Bench : IAsyncDisposable
{
    private readonly ControlledProcess _engine;
    private readonly ControlledProcess _generator = ControlledProcess.Start("generate");

    private Bench(ControlledProcess engine, int enginePort)
    {
        _engine = engine;
        EnginePort = enginePort;
    }

    public int EnginePort { get; }

    public long EngineCpu => ProcessAccount.CpuOf(_engine.Id);

    public long GeneratorCpu => ProcessAccount.CpuOf(_generator.Id);

    public static async Task<Bench> StartAsync()
    {
        var engine = ControlledProcess.Start("engine", "--controlled");
        var port = int.Parse(await engine.ReadLineAsync(), CultureInfo.InvariantCulture);
        return new Bench(engine, port);
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
