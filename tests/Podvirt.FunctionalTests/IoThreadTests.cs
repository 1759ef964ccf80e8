using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.Data.Sqlite;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>
/// Nothing that the server does may keep an IO thread from its sockets. With one such thread for everything, streams go
/// on while a file is locked or clients do not read, and the server does all that it can do meanwhile.
/// </summary>
/// <remarks>
/// The bound is <see cref="s_gapMax"/> on top of what the machine itself kept everybody waiting. Who waits for a locked file
/// does so for five seconds: what blocks is far above it, and what does not is far below, at the 20 ms of an engine's token.
/// </remarks>
[Collection(nameof(Alone))]
public class IoThreadTests
{
    private const int Streams = 8;
    private const int Ticks = 50;

    private static readonly TimeSpan s_gapMax = TimeSpan.FromSeconds(1);

    private static string Catalog => Configs.Catalog(
        Configs.Model("beat", more: "--sim-token-time, 20ms, --max-model-len, 1000000"),
        Configs.Model("chat"),
        Configs.Model("cold"),
        Configs.Model("flood", replicas: "{ max: 1, concurrency: 128 }", more: "--sim-token-time, 1ms, --max-model-len, 1000000"));

    private static string OneThread => Configs.WithGateway(Catalog, "io_threads: 1");

    [Theory]
    [InlineData("outbox.db")]
    [InlineData("state.db")]
    [InlineData("ledger.db")]
    public async Task FileIsLocked_StreamsGoOnAndTheRestWaits(string file)
    {
        await using var server = await PodvirtProcess.StartAsync(OneThread);
        await WarmAsync(server, "beat", "chat");
        using var beat = new Metronome(server, "beat", Streams);
        await beat.TicksAsync(1);

        List<Task> work;
        await using (var connection = new SqliteConnection($"Data Source={Path.Combine(server.Data, file)};Pooling=False"))
        {
            await connection.OpenAsync();
            await using (var lockIt = connection.CreateCommand())
            {
                lockIt.CommandText = "BEGIN IMMEDIATE";
                await lockIt.ExecuteNonQueryAsync();
            }
            beat.Restart();
            work = [.. Everything(server)];
            await beat.TicksAsync(Ticks);
            AssertNoGap(beat);
        }
        await Task.WhenAll(work);
        AssertNoGap(beat);
    }

    [Fact]
    public async Task ClientsStopReadingAndLeave_StreamsGoOn()
    {
        await using var server = await PodvirtProcess.StartAsync(OneThread);
        await WarmAsync(server, "beat", "flood");
        using var beat = new Metronome(server, "beat", Streams);
        await beat.TicksAsync(1);
        beat.Restart();
        var held = await Task.WhenAll(Enumerable.Range(0, 4).Select(number => server.ChatAsync(
            "flood", stream: true, $"Held {number}", new { max_tokens = 900_000, ignore_eos = true })));
        for (var round = 0; round < 5; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => LeaveAsync(server, "flood")));
        }
        await beat.TicksAsync(Ticks);
        AssertNoGap(beat);
        foreach (var response in held)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            response.Dispose();
        }
        await beat.TicksAsync(Ticks);
        AssertNoGap(beat);
    }

    private static void AssertNoGap(Metronome beat)
    {
        var gap = beat.LongestGap();
        Assert.True(gap < s_gapMax, $"A stream stood still for {gap.TotalMilliseconds:0} ms.");
    }

    // While a file is locked no replica can be started: the streams would tell of their wait, and then stand still.
    private static async Task WarmAsync(PodvirtProcess server, params string[] models)
    {
        foreach (var model in models)
        {
            using var response = await server.ChatAsync(model, stream: true, more: new { max_tokens = 1 });
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            using var stream = new SseReader(response);
            await stream.ReadAsync();
            Assert.NotEmpty(stream.Chunks);
        }
    }

    private static IEnumerable<Task> Everything(PodvirtProcess server)
    {
        for (var i = 0; i < 10; i++)
        {
            yield return AnswerAsync(server.ChatAsync("chat", stream: true, $"Stream {i}", new { max_tokens = 5 }), HttpStatusCode.OK);
            yield return AnswerAsync(server.ChatAsync("chat", stream: false, $"Plain {i}", new { max_tokens = 5 }), HttpStatusCode.OK);
            yield return AnswerAsync(server.ChatAsync("cold", stream: i % 2 == 0, $"Parked {i}", new { max_tokens = 5 }), HttpStatusCode.OK);
            yield return AnswerAsync(server.ChatAsync("nobody", stream: false), HttpStatusCode.NotFound);
            yield return AnswerAsync(PostAsync(server, "not JSON"), HttpStatusCode.BadRequest);
            yield return AnswerAsync(UnauthorizedAsync(server), HttpStatusCode.Unauthorized);
            yield return LeaveAsync(server, "chat");
        }
        var large = $$"""{"model":"chat","max_tokens":5,"metadata":{"large":"{{new string('x', 4_000_000)}}"},"messages":[{"role":"user","content":"hi"}]}""";
        yield return AnswerAsync(PostAsync(server, large), HttpStatusCode.OK);
        foreach (var path in (string[])["api/models", "api/keys", "api/usage", "api/requests", "api/logs/chat", "metrics", "readyz", "v1/models"])
        {
            yield return AnswerAsync(server.Admin.GetAsync(path), path == "v1/models" ? HttpStatusCode.Unauthorized : HttpStatusCode.OK);
        }
        for (var i = 0; i < 3; i++)
        {
            yield return AnswerAsync(server.Admin.PostAsJsonAsync("api/keys", new { name = $"key {i}" }), HttpStatusCode.Created);
        }
    }

    private static async Task AnswerAsync(Task<HttpResponseMessage> asked, HttpStatusCode status)
    {
        using var response = await asked;
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{response.RequestMessage!.RequestUri} answered {(int)response.StatusCode} {text}");
    }

    private static async Task LeaveAsync(PodvirtProcess server, string model)
    {
        using var response = await server.ChatAsync(model, stream: true, "Left", new { max_tokens = 1000, min_tokens = 1000 });
        using var stream = new SseReader(response);
        await stream.ReadAsync(until: r => r.Chunks.Count >= 2);
    }

    private static Task<HttpResponseMessage> PostAsync(PodvirtProcess server, string body) =>
        server.Client.PostAsync("v1/chat/completions", new StringContent(body));

    private static async Task<HttpResponseMessage> UnauthorizedAsync(PodvirtProcess server)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "v1/models") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", "pv-wrong") } };
        return await server.Client.SendAsync(request);
    }
}
