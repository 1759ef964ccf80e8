using System.Diagnostics;
using System.Net;
using System.Text;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>kill -9 of the server under load, and another one on the same data folder: engines that serve are taken over, and none is left or doubled.</summary>
public class AdoptionTests
{
    private static readonly string s_yaml = Configs.Catalog(
        Configs.Model("busy", more: "--sim-token-time, 20ms"),
        Configs.Model("other", memory: "10GiB"),
        Configs.Model("asleep", memory: "30GiB", idle: "{ sleep_after: 1s, stop_after: 1h }"));

    [Fact]
    public async Task KilledUnderLoad_TheNextServerTakesItsEnginesOver()
    {
        var data = Directory.CreateTempSubdirectory("podvirt-").FullName;
        var first = await PodvirtProcess.StartAsync(s_yaml, data);
        var streams = await LoadAsync(first);
        var before = Marks(first);
        Assert.Equal(3, before.Count);

        first.KillHard();
        await first.WaitForExitAsync(TimeSpan.FromSeconds(10));
        await AllCutAsync(streams);

        await using var second = await PodvirtProcess.StartAsync(s_yaml, data);
        Assert.Equal(before, Marks(second));
        await second.UntilStatusAsync("busy", "Active");
        await second.UntilStatusAsync("asleep", "Sleeping");

        await AnswersAsync(second, "busy", "other", "asleep");
        Assert.Equal(before, Marks(second));
        Assert.Equal(before.Keys.Order(), second.Engines().Order());

        second.Interrupt();
        Assert.Equal(0, await second.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        Assert.Empty(Marks(second));
        Assert.Empty(second.Engines());
    }

    [Fact]
    public async Task EngineThatDiedAsWell_IsReplacedAndTheOthersAreTakenOver()
    {
        var data = Directory.CreateTempSubdirectory("podvirt-").FullName;
        var first = await PodvirtProcess.StartAsync(s_yaml, data);
        var streams = await LoadAsync(first);
        var before = Marks(first);
        var dead = EngineOf(first, "busy");

        first.KillHard();
        await first.WaitForExitAsync(TimeSpan.FromSeconds(10));
        using (var engine = Process.GetProcessById(dead))
        {
            engine.Kill();
        }
        await AllCutAsync(streams);

        await using var second = await PodvirtProcess.StartAsync(s_yaml, data);
        await AnswersAsync(second, "busy", "other", "asleep");
        var after = Marks(second);
        Assert.Equal(3, after.Count);
        Assert.DoesNotContain(dead, after.Keys);
        Assert.Equal(2, after.Intersect(before).Count());
        Assert.Equal(3, after.Values.Distinct().Count());
        Assert.Equal(after.Keys.Order(), second.Engines().Order());
    }

    [Fact]
    public async Task CatalogThatChangedMeanwhile_RemovesTheEnginesOfTheOldOne()
    {
        var data = Directory.CreateTempSubdirectory("podvirt-").FullName;
        var first = await PodvirtProcess.StartAsync(s_yaml, data);
        var streams = await LoadAsync(first);
        var (busy, other) = (EngineOf(first, "busy"), EngineOf(first, "other"));
        first.KillHard();
        await first.WaitForExitAsync(TimeSpan.FromSeconds(10));
        await AllCutAsync(streams);

        await using var second = await PodvirtProcess.StartAsync(s_yaml.Replace("--sim-token-time, 20ms", "--sim-token-time, 21ms", StringComparison.Ordinal), data);
        await AnswersAsync(second, "busy", "other");
        Assert.NotEqual(busy, EngineOf(second, "busy"));
        Assert.Equal(other, EngineOf(second, "other"));
        Assert.Equal(3, Marks(second).Count);
    }

    /// <summary>Three engines: one with streams that run, one that is idle, one that sleeps.</summary>
    private static async Task<IReadOnlyList<SseReader>> LoadAsync(PodvirtProcess server)
    {
        await AnswersAsync(server, "asleep", "other");
        var streams = new List<SseReader>();
        for (var i = 0; i < 8; i++)
        {
            streams.Add(new SseReader(await server.ChatAsync("busy", stream: true, $"Story {i}", new { max_tokens = 5000, min_tokens = 5000 })));
        }
        await Task.WhenAll(streams.Select(stream => stream.ReadAsync(s => s.Chunks.Count >= 3)));
        await server.UntilStatusAsync("asleep", "Sleeping");
        return streams;
    }

    private static async Task AllCutAsync(IReadOnlyList<SseReader> streams)
    {
        foreach (var stream in streams)
        {
            await Assert.ThrowsAnyAsync<IOException>(() => stream.ReadAsync());
            stream.Dispose();
        }
    }

    private static async Task AnswersAsync(PodvirtProcess server, params string[] models)
    {
        foreach (var model in models)
        {
            using var response = await server.ChatAsync(model, stream: false, more: new { max_tokens = 4 });
            Assert.True(response.StatusCode == HttpStatusCode.OK, $"{model}: {response.StatusCode}\n{server.Output}");
        }
    }

    private static int EngineOf(PodvirtProcess server, string model) => server.Engines().Single(pid =>
        Encoding.UTF8.GetString(Read($"/proc/{pid}/cmdline")).Contains($"--served-model-name\0{model}\0", StringComparison.Ordinal));

    /// <summary>Every process that carries the mark of a replica of this server: pid and nonce.</summary>
    private static SortedDictionary<int, string> Marks(PodvirtProcess server)
    {
        const string Mark = "PODVIRT_REPLICA_NONCE=";
        var found = new SortedDictionary<int, string>();
        foreach (var pid in Directory.EnumerateDirectories("/proc").Select(d => int.TryParse(Path.GetFileName(d), out var pid) ? pid : 0).Where(pid => pid > 0))
        {
            var nonce = Encoding.UTF8.GetString(Read($"/proc/{pid}/environ")).Split('\0').FirstOrDefault(v => v.StartsWith(Mark, StringComparison.Ordinal));
            if (nonce is not null && Encoding.UTF8.GetString(Read($"/proc/{pid}/cmdline")).Contains(server.Data, StringComparison.Ordinal))
            {
                found.Add(pid, nonce[Mark.Length..]);
            }
        }
        return found;
    }

    private static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended while we looked, or is another user's.
            return [];
        }
    }
}
