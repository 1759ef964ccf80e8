using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests.Faults;

/// <summary>The disk is full, a file is locked or damaged: requests are refused in clear words, nothing is lost in silence, and the server goes on when it can.</summary>
[Collection(nameof(Alone))]
public class StorageFaultTests
{
    private const int CallsMax = 2000;

    private static string Yaml => Configs.Catalog(Configs.Model("chat", replicas: "{ min: 1, max: 1, concurrency: 64 }"));

    [Fact]
    public async Task DiskIsFull_RequestsAreRefusedUntilItHasRoomAgain()
    {
        await using var volume = await SmallVolume.MountAsync();
        await using var server = await PodvirtProcess.StartAsync(Yaml, Folder(volume));
        var served = await CallAsync(server, []);
        volume.Fill();

        var refused = await UntilRefusedAsync(server, served);
        Assert.Equal("metering_unavailable", (string)refused["code"]!);
        await SaysAsync(server, "the disk is full");

        volume.Free();
        await ServesAgainAsync(server, served);
        await OnTheLedgerAsync(server, served);
    }

    [Fact]
    public async Task DiskIsFullUnderServeUnsaved_RequestsAreServedWithinTheBound()
    {
        const int Held = 25;
        await using var volume = await SmallVolume.MountAsync();
        await using var server = await PodvirtProcess.StartAsync($"{Yaml}\nmetering: {{ serve_unsaved: true, unsaved_records: {Held} }}\n", Folder(volume));
        var served = await CallAsync(server, []);
        volume.Fill();

        var refused = await UntilRefusedAsync(server, served);
        Assert.Equal("metering_unavailable", (string)refused["code"]!);
        var metrics = await server.Admin.GetStringAsync("metrics");
        Assert.Equal(Held, MetricOf(metrics, "podvirt_usage_unsaved"));
        Assert.Equal(0, MetricOf(metrics, "podvirt_usage_lost"));
        await SaysAsync(server, "serve_unsaved");

        volume.Free();
        await ServesAgainAsync(server, served);
        await OnTheLedgerAsync(server, served);
        Assert.Equal(0, MetricOf(await server.Admin.GetStringAsync("metrics"), "podvirt_usage_unsaved"));
    }

    [Fact]
    public async Task OutboxIsLocked_TheStreamHearsOfItNewRequestsAreRefusedAndBothAreMadeGood()
    {
        await using var server = await PodvirtProcess.StartAsync(Yaml);
        var served = await CallAsync(server, []);
        SseReader stream;
        await using (await LockAsync(server, "outbox.db"))
        {
            // Five seconds is as long as a lock is waited for.
            stream = await new SseReader(await server.ChatAsync("chat", stream: true, more: new
            {
                max_tokens = 5,
                min_tokens = 5,
                stream_options = new { include_usage = true },
            })).ReadAsync();
            Assert.False(stream.IsDone);
            Assert.Contains("could not be recorded", stream.Error, StringComparison.Ordinal);

            using var refused = await server.ChatAsync("chat", stream: false);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        }
        await ServesAgainAsync(server, served);
        await OnTheLedgerAsync(server, served);

        // The answer that had no end is billed as what it was.
        var record = (await server.RecordsAsync(served.Count + 1)).Single(r => (string)r["id"]! == stream.RequestId);
        Assert.Equal(("truncated", "usage_not_recorded", 5L), ((string)record["outcome"]!, (string)record["reason"]!, (long)record["completion_tokens"]!));
        stream.Dispose();
    }

    [Theory]
    [InlineData("outbox.db")]
    [InlineData("ledger.db")]
    [InlineData("state.db")]
    public async Task DamagedAtTheStart_TheStartFailsAndNamesTheFile(string file)
    {
        var data = Directory.CreateTempSubdirectory("podvirt-").FullName;
        await (await PodvirtProcess.StartAsync(Yaml, data)).KillAsync();
        Damage(data, file);

        await using var server = await PodvirtProcess.LaunchAsync(Yaml, data);
        Assert.NotEqual(0, await server.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        await SaysAsync(server, "is damaged");
        Assert.Contains(file, server.Output, StringComparison.Ordinal);
        EndEngines(server);
    }

    [Fact]
    public async Task OutboxIsDamagedWhileItRuns_RequestsAreRefusedAndTheLogSaysWhy()
    {
        await using var server = await PodvirtProcess.StartAsync(Yaml);
        var served = await CallAsync(server, []);
        await OnTheLedgerAsync(server, served);
        Damage(server.Data, "outbox.db");

        var refused = await UntilRefusedAsync(server, served);
        Assert.Equal("metering_unavailable", (string)refused["code"]!);
        await SaysAsync(server, "outbox.db is damaged");

        // It does not heal by itself: nobody knows what else is wrong in there.
        using var still = await server.ChatAsync("chat", stream: false);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, still.StatusCode);
    }

    // Its log goes through a queue.
    private static Task SaysAsync(PodvirtProcess server, string text) => Until.TrueAsync(
        () => Task.FromResult(server.Output.Contains(text, StringComparison.Ordinal)), () => $"The log does not say '{text}':\n{server.Output}");

    // The server deletes its folder; the volume is deleted with itself.
    private static string Folder(SmallVolume volume) => Directory.CreateDirectory(Path.Combine(volume.Path, "data")).FullName;

    // One whole answer. Null: refused, and the error is in the list.
    private static async Task<List<string>> CallAsync(PodvirtProcess server, List<JsonNode> errors)
    {
        using var response = await server.ChatAsync("chat", stream: false, more: new { max_tokens = 2 });
        var text = await response.Content.ReadAsStringAsync();
        if (response.StatusCode == HttpStatusCode.OK)
        {
            return [response.Headers.GetValues("x-request-id").Single()];
        }
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        errors.Add(JsonNode.Parse(text)!["error"]!);
        return [];
    }

    private static async Task<JsonNode> UntilRefusedAsync(PodvirtProcess server, List<string> served)
    {
        var errors = new List<JsonNode>();
        for (var calls = 0; calls < CallsMax && !errors.Exists(e => (string)e["code"]! == "metering_unavailable"); calls++)
        {
            try
            {
                served.AddRange(await CallAsync(server, errors));
            }
            catch (HttpRequestException)
            {
                // The one whose record failed: a plain reply that was not handed out whole.
                continue;
            }
        }
        Assert.NotEmpty(errors);
        return errors[^1];
    }

    private static Task ServesAgainAsync(PodvirtProcess server, List<string> served) => Until.TrueAsync(
        async () =>
        {
            var more = await CallAsync(server, []);
            served.AddRange(more);
            return more.Count > 0;
        },
        () => $"It does not serve again:\n{server.Output}");

    private static async Task OnTheLedgerAsync(PodvirtProcess server, List<string> served)
    {
        var records = (await server.RecordsAsync(served.Count)).Select(r => (string)r["id"]!).ToHashSet();
        await Until.TrueAsync(
            async () =>
            {
                records = (await server.RecordsAsync(served.Count)).Select(r => (string)r["id"]!).ToHashSet();
                return served.TrueForAll(records.Contains);
            },
            () => $"{served.Count(id => !records.Contains(id))} of {served.Count} served calls are not on the ledger:\n{server.Output}");
    }

    private static async Task<SqliteConnection> LockAsync(PodvirtProcess server, string file)
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(server.Data, file)};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "BEGIN IMMEDIATE";
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    // All of the file and of its log, in place: a server that has them open sees it.
    private static void Damage(string data, string name)
    {
        foreach (var path in Directory.EnumerateFiles(data, name + "*").Where(p => !p.EndsWith("-shm", StringComparison.Ordinal) && !p.EndsWith(".lock", StringComparison.Ordinal)))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            var garbage = new byte[file.Length];
            Array.Fill(garbage, (byte)0x5A);
            file.Write(garbage);
        }
    }

    // Of the server before: nobody takes them over.
    private static void EndEngines(PodvirtProcess server)
    {
        foreach (var id in server.Engines())
        {
            using var engine = Process.GetProcessById(id);
            engine.Kill();
        }
    }

    private static double MetricOf(string metrics, string name) => double.Parse(
        metrics.Split('\n').First(line => line.StartsWith(name, StringComparison.Ordinal) && !line.StartsWith(name + "_bytes", StringComparison.Ordinal)).Split(' ')[^1],
        CultureInfo.InvariantCulture);
}
