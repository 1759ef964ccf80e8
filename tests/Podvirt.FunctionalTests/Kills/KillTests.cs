using System.Globalization;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests.Kills;

/// <summary>
/// A server with real engines and clients is killed (<c>kill -9</c>) at moments by chance, again and again on the same data
/// folder. A client that saw the end of its answer is on the ledger with the counts that it read; a stream that the kill cut
/// lacks at most a second's; nothing is there twice.
/// </summary>
[Collection(nameof(Alone))]
public sealed class KillTests(ITestOutputHelper output)
{
    // Past the start-up's share of a life this is about two minutes.
    private const int KillsDefault = 40;

    [Fact]
    public async Task ServersKilledByChance_LoseNothingThatEndedAndAtMostASecondOfTheRest()
    {
        var kills = NumberOf("PODVIRT_KILLS") ?? KillsDefault;
        var seed = NumberOf("PODVIRT_KILLS_SEED") ?? Random.Shared.Next();
        output.WriteLine($"{kills} kills, PODVIRT_KILLS_SEED={seed}");
        var random = new Random(seed);
        var yaml = Configs.Catalog(Configs.Model("chat", replicas: "{ min: 1, max: 1, concurrency: 64 }", more: "--sim-token-time, 10ms"));
        var data = Directory.CreateTempSubdirectory("podvirt-").FullName;
        var began = DateTimeOffset.UtcNow;
        var rounds = new List<KillRound>();
        var killedAtStart = 0;
        while (rounds.Count + killedAtStart < kills)
        {
            if (rounds.Count > 0 && random.Next(5) == 0)
            {
                killedAtStart++;
                await KillRound.KillAtStartAsync(yaml, data, random);
                continue;
            }
            rounds.Add(await KillRound.RunAsync(await PodvirtProcess.StartAsync(yaml, data), random));
        }

        var ledger = new KillLedger();
        await using (var last = await PodvirtProcess.StartAsync(yaml, data))
        {
            await EmptyOutboxAsync(last);
            var end = DateTimeOffset.UtcNow;
            for (var i = 0; i < rounds.Count; i++)
            {
                await ledger.ReadAsync(last, i == 0 ? began : rounds[i].Began, i + 1 < rounds.Count ? rounds[i + 1].Began : end);
            }
            rounds.ForEach(ledger.Check);
            await ledger.CheckSumsAsync(last, began, end);
        }

        var calls = rounds.Sum(r => r.Calls.Count);
        output.WriteLine(
            $"{killedAtStart} of the kills during a start, {rounds.Count(r => r.EngineDied)} engines died; {calls} calls, {ledger.Checked} with an id, "
            + $"{rounds.Sum(r => r.Calls.Count(c => c.End == CallEnd.Finished))} seen to their end, {ledger.CutStreams} cut with tokens; "
            + $"{ledger.Records} records, {ledger.Recovered} of them from checkpoints; at most {ledger.TokensLostMax} tokens of a stream lost");
        Assert.True(ledger.Faults.Count == 0, $"PODVIRT_KILLS_SEED={seed}: {ledger.Faults.Count} faults\n{string.Join('\n', ledger.Faults.Take(20))}");
        Assert.True(ledger.Recovered > 0, "No checkpoint was ever made a record.");
    }

    private static Task EmptyOutboxAsync(PodvirtProcess server) => Until.TrueAsync(
        async () => (await server.Admin.GetStringAsync("metrics")).Split('\n')
            .Any(line => line.StartsWith("podvirt_outbox_depth", StringComparison.Ordinal) && line.EndsWith(" 0", StringComparison.Ordinal)),
        () => $"The outbox does not empty:\n{server.Output}");

    private static int? NumberOf(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
