using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

public class ShutdownTests
{
    [Fact]
    public async Task Interrupt_LetsTheStreamFinishAndLeavesNothingBehind()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat", more: "--sim-token-time, 20ms")));
        using var stream = new SseReader(await server.ChatAsync("chat", stream: true, more: new { max_tokens = 60, temperature = 0 }));
        await stream.ReadAsync(s => s.Chunks.Count >= 3);
        var engine = Assert.Single(server.Engines());

        server.Interrupt();
        await stream.ReadAsync();
        Assert.True(stream.IsDone, server.Output);
        Assert.Equal(0, await server.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        Assert.False(Directory.Exists($"/proc/{engine}"), "The engine still runs.");
        Assert.False(File.Exists(Path.Combine(server.Data, "server.json")));
    }

    [Fact]
    public async Task StreamLongerThanTheDrainTime_IsCutWithAnErrorAndRecorded()
    {
        var yaml = Configs.WithLimits(Configs.Catalog(Configs.Model("chat", more: "--sim-fault, hang-after-tokens=10")), "drain: 1s");
        var data = Directory.CreateTempSubdirectory("podvirt-").FullName;
        await using var server = await PodvirtProcess.StartAsync(yaml, data);
        using var stream = new SseReader(await server.ChatAsync("chat", stream: true, more: new { temperature = 0 }));
        await stream.ReadAsync(s => s.Chunks.Count >= 5);
        server.Interrupt();
        await stream.ReadAsync();
        Assert.False(stream.IsDone);
        Assert.Contains("shutting down", stream.Error, StringComparison.Ordinal);
        Assert.Equal(0, await server.WaitForExitAsync(TimeSpan.FromSeconds(30)));

        await using var again = await PodvirtProcess.StartAsync(yaml, data);
        var record = Assert.Single(await again.RecordsAsync(1));
        Assert.Equal("truncated", (string)record["outcome"]!);
        Assert.Equal("shutting_down", (string)record["reason"]!);
        Assert.Equal(10, (long)record["completion_tokens"]!);
    }

    [Fact]
    public async Task SecondInterrupt_StopsAtOnce()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat", more: "--sim-fault, hang-after-tokens=10")));
        using var stream = new SseReader(await server.ChatAsync("chat", stream: true, more: new { temperature = 0 }));
        await stream.ReadAsync(s => s.Chunks.Count >= 5);
        var engine = Assert.Single(server.Engines());

        server.Interrupt();
        await Until.TrueAsync(() => Task.FromResult(server.Output.Contains("rain", StringComparison.Ordinal)), () => $"Nothing was said of draining: {server.Output}");
        server.Interrupt();
        Assert.Equal(130, await server.WaitForExitAsync(TimeSpan.FromSeconds(10)));
        await Until.TrueAsync(() => Task.FromResult(!Directory.Exists($"/proc/{engine}")), () => "The engine still runs.");
    }
}
