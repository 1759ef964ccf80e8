using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Startup;

public sealed class EngineProcessTests
{
    [Fact]
    public async Task Loading_RefusesConnectionsAndTellsItsPhases()
    {
        await using var engine = EngineProcess.Start("--sim-load-weights", "400ms", "--sim-load-download", "10ms");
        await EngineClient.UntilAsync(() => Task.FromResult(engine.Log.Contains("Starting to load model", StringComparison.Ordinal)), "the weights phase begins");
        Assert.False(await engine.IsHealthyAsync());
        await engine.HealthyAsync();
        Assert.Contains("Time spent downloading weights for org/model: 0.010000 seconds", engine.Log, StringComparison.Ordinal);
        Assert.Contains("Loading weights took 0.40 seconds", engine.Log, StringComparison.Ordinal);
        Assert.Contains("torch.compile takes 0.00 s", engine.Log, StringComparison.Ordinal);
        Assert.Contains("Graph capturing finished in 0.00 secs", engine.Log, StringComparison.Ordinal);
        Assert.Contains("Application startup complete.", engine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FailStart_ExitsWith1AfterTheWeights()
    {
        await using var engine = EngineProcess.Start("--sim-fault", "fail-start");
        Assert.Equal(1, await engine.ExitAsync());
        Assert.Contains("Loading weights took", engine.Log, StringComparison.Ordinal);
        Assert.Contains("EngineCore failed to start.", engine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownOption_ExitsWith2AndNamesTheClosest()
    {
        await using var engine = EngineProcess.Start("--sim-tokentime", "1ms");
        Assert.Equal(2, await engine.ExitAsync());
        Assert.Contains("unknown option --sim-tokentime; did you mean --sim-token-time?", engine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminated_AbortsWhatRunsAndExitsWith0()
    {
        await using var engine = await EngineProcess.Start("--sim-token-time", "5ms").HealthyAsync();
        using var stream = await engine.Client.ChatStreamAsync("hello", ",\"ignore_eos\":true,\"max_tokens\":10000");
        await stream.NextAsync();
        engine.Terminate();
        Assert.Contains("\"finish_reason\":\"abort\"", (await stream.RestAsync())[^2], StringComparison.Ordinal);
        Assert.Equal(0, await engine.ExitAsync());
    }

    [Fact]
    public async Task TerminatedWithShutdownTimeout_LetsWhatRunsFinish()
    {
        await using var engine = await EngineProcess.Start("--sim-token-time", "5ms", "--shutdown-timeout", "30").HealthyAsync();
        using var stream = await engine.Client.ChatStreamAsync("hello", ",\"ignore_eos\":true,\"max_tokens\":60");
        await stream.NextAsync();
        engine.Terminate();
        Assert.Contains("\"finish_reason\":\"length\"", (await stream.RestAsync())[^2], StringComparison.Ordinal);
        Assert.Equal(0, await engine.ExitAsync());
    }

    [Fact]
    public async Task TerminatedWhileLoading_ExitsAndHoldsNoMemory()
    {
        var directory = Directory.CreateTempSubdirectory("podvirt-gpu").FullName;
        await using (var engine = EngineProcess.Start("--sim-load-weights", "60s", "--sim-gpu-dir", directory))
        {
            var held = Path.Combine(directory, "SIM-0", $"{engine.Id}");
            await EngineClient.UntilAsync(() => Task.FromResult(File.Exists(held)), "the engine holds memory");
            engine.Terminate();
            Assert.Equal(0, await engine.ExitAsync());
            Assert.False(File.Exists(held));
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task NoDevMode_HasNoSleepEndpoints()
    {
        Assert.True(Podvirt.Simulator.Options.OptionParser.TryParse(
            ["serve", "m", "--port", "0", "--sim-load-weights", "0", "--sim-load-compile", "0", "--sim-load-graphs", "0", "--enable-sleep-mode"],
            _ => null, out var options, out _));
        await using var host = new Podvirt.Simulator.Startup.EngineHost(options, TimeProvider.System, TextWriter.Null, Environment.ProcessId);
        Assert.True(await host.StartAsync(default));
        using var client = new EngineClient(host.Port);
        foreach (var path in (string[])["/sleep", "/wake_up", "/collective_rpc"])
        {
            Assert.Equal(404, (int)(await client.SendAsync(path)).Status);
        }

        await host.StopAsync();
    }
}
