using System.Diagnostics;
using System.Globalization;
using System.Net;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>A real engine process is killed at some points of its answers. The client hears of it, the ledger knows what was used, nothing stays behind.</summary>
public class KilledEngineTests
{
    [Fact]
    public async Task EngineKilledInTheMiddleOfItsStreams_EachEndsWithAnErrorAndItsLastCounts()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat", more: "--sim-token-time, 10ms")));
        var more = new { stream_options = new { include_usage = true, continuous_usage_stats = true }, temperature = 1, max_tokens = 2000, min_tokens = 2000 };
        var streams = new List<SseReader>();
        for (var i = 0; i < 12; i++)
        {
            streams.Add(new SseReader(await server.ChatAsync("chat", stream: true, $"Story {i}", more)));
        }
        await Task.WhenAll(streams.Select((stream, i) => stream.ReadAsync(s => Completion(s) >= 1 + (i * 3))));
        var plain = server.ChatAsync("chat", stream: false, "Note", new { max_tokens = 400, min_tokens = 400 });
        await InFlightAsync(server, 13);
        var port = Kill(server);

        await Task.WhenAll(streams.Select(stream => stream.ReadAsync()));
        Assert.All(streams, stream =>
        {
            Assert.False(stream.IsDone);
            Assert.Contains("ended before", stream.Error, StringComparison.Ordinal);
        });

        // Of the plain reply nothing had been sent: the next engine answers it.
        using (var response = await plain)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(text.Contains("\"completion_tokens\":400", StringComparison.Ordinal), $"{text}\n{server.Output}");
        }
        var records = (await server.RecordsAsync(13)).ToDictionary(r => (string)r["id"]!);
        foreach (var stream in streams)
        {
            var record = records[stream.RequestId];
            Assert.Equal(("truncated", "engine_truncated"), ((string)record["outcome"]!, (string)record["reason"]!));
            Assert.Equal(Completion(stream), (long)record["completion_tokens"]!);
            stream.Dispose();
        }
        await NothingIsLeftAsync(server, port);
    }

    [Fact]
    public async Task EngineKilledBeforeItsFirstToken_AnotherAnswers()
    {
        // Long enough for all to be under way when the engine dies; the second start is as slow, and waited for.
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat", more: "--sim-ttft, 1500ms")));
        using (var warm = await server.ChatAsync("chat", stream: false, more: new { max_tokens = 1 }))
        {
            Assert.Equal(HttpStatusCode.OK, warm.StatusCode);
        }
        var requests = Enumerable.Range(0, 8).Select(i => server.ChatAsync("chat", stream: i % 2 == 0, $"Letter {i}", new { max_tokens = 5 })).ToList();
        await InFlightAsync(server, 8);
        var port = Kill(server);
        for (var i = 0; i < requests.Count; i++)
        {
            using var response = await requests[i];
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(text.Contains(i % 2 == 0 ? "data: [DONE]" : "\"completion_tokens\":5", StringComparison.Ordinal), $"{text}\n{server.Output}");
        }
        Assert.All(await server.RecordsAsync(9), record => Assert.Equal("completed", (string)record["outcome"]!));
        await NothingIsLeftAsync(server, port);
    }

    private static long Completion(SseReader stream) => (long?)stream.Usage?["completion_tokens"] ?? 0;

    private static Task InFlightAsync(PodvirtProcess server, int count) => Until.TrueAsync(
        async () => (int)(await server.ModelAsync("chat"))["in_flight"]! == count, () => $"There were never {count} requests in flight.");

    // Returns the port that it served on.
    private static int Kill(PodvirtProcess server)
    {
        var id = Assert.Single(server.Engines());
        var arguments = File.ReadAllText($"/proc/{id}/cmdline").Split('\0');
        using var engine = Process.GetProcessById(id);
        engine.Kill();
        return int.Parse(arguments[Array.IndexOf(arguments, "--port") + 1], CultureInfo.InvariantCulture);
    }

    private static async Task NothingIsLeftAsync(PodvirtProcess server, int port)
    {
        await Until.TrueAsync(
            async () =>
            {
                var model = await server.ModelAsync("chat");
                return ((int)model["in_flight"]!, (int)model["waiting"]!) == (0, 0);
            },
            () => "Places are still taken.");
        await Until.TrueAsync(() => Task.FromResult(OwnedSocketsTo(port) == 0), () => $"{OwnedSocketsTo(port)} connections to the killed engine are still open.");
    }

    // The columns of /proc/net/tcp: 2 is the peer, 9 the inode, which is 0 where no process holds the socket any more.
    private static int OwnedSocketsTo(int port) => File.ReadLines("/proc/net/tcp").Concat(File.ReadLines("/proc/net/tcp6"))
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Count(columns => columns[2].EndsWith(string.Create(CultureInfo.InvariantCulture, $":{port:X4}"), StringComparison.Ordinal) && columns[9] != "0");
}
