using System.Diagnostics;
using System.Globalization;
using System.Text;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Messaging.Tests;

/// <summary>A process that writes is killed, again and again: what it was told is written must be there, synced or not.</summary>
public sealed class KilledProcessTests
{
    private const string ChildDirectory = "PODVIRT_TEST_WRITE_TO";
    private const string ChildFirst = "PODVIRT_TEST_WRITE_FROM";
    private const string Written = "written ";

    [Fact(Timeout = 60_000)]
    public async Task KilledProcess_LosesNoWriteThatReturned()
    {
        var ended = TestContext.Current.CancellationToken;
        using var directory = new TempDirectory();
        var written = new HashSet<int>();
        for (var round = 0; round < 3; round++)
        {
            await WriteUntilKilledAsync(directory.Path, written, first: round * 1_000_000, count: 300 + (round * 133), ended);
        }

        await using var store = Open(directory.Path);
        foreach (var n in written)
        {
            Assert.Equal($"{n}", Encoding.UTF8.GetString((await store.GetAsync(KeyOf(n), ended))!.Value.Span));
        }
    }

    /// <summary>Not a test: what the child runs. It says each number once its write returned, and goes with its parent.</summary>
    [Fact(Explicit = true)]
    public async Task Child_WritesUntilItIsKilled()
    {
        if (Environment.GetEnvironmentVariable(ChildDirectory) is { Length: > 0 } directory)
        {
            var first = int.Parse(Environment.GetEnvironmentVariable(ChildFirst)!, CultureInfo.InvariantCulture);
            await Task.WhenAny(WriteForEverAsync(directory, first), Console.In.ReadToEndAsync(TestContext.Current.CancellationToken));
        }
    }

    private static async Task WriteForEverAsync(string directory, int first)
    {
        await using var store = Open(directory);
        for (var n = first; ; n += 4)
        {
            await Task.WhenAll(Enumerable.Range(n, 4).Select(async i =>
            {
                // A synced one now and then: those before it and those after it are kept like any other.
                await store.PutAsync(
                    KeyOf(i), Encoding.UTF8.GetBytes($"{i}"), i % 40 == 0 ? StateDurability.Machine : StateDurability.Process, CancellationToken.None);
                Console.Out.WriteLine(Written + i);
            }));
        }
    }

    private static async Task WriteUntilKilledAsync(string directory, HashSet<int> written, int first, int count, CancellationToken ended)
    {
        using var child = Process.Start(new ProcessStartInfo(
            "dotnet",
            ["exec", typeof(KilledProcessTests).Assembly.Location, "-explicit", "only", "-method", $"{typeof(KilledProcessTests)}.{nameof(Child_WritesUntilItIsKilled)}"])
        {
            Environment = { [ChildDirectory] = directory, [ChildFirst] = $"{first}" },
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        try
        {
            for (var left = count; left > 0;)
            {
                var line = await child.StandardOutput.ReadLineAsync(ended);
                Assert.True(line is not null, "the child ended by itself");
                if (line.StartsWith(Written, StringComparison.Ordinal))
                {
                    written.Add(int.Parse(line[Written.Length..], CultureInfo.InvariantCulture));
                    left--;
                }
            }
        }
        finally
        {
            child.Kill();
            await child.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static SqliteStateStore Open(string directory) => SqliteStateStore.Open(Path.Combine(directory, "state.db"), TimeProvider.System);

    private static string KeyOf(int n) => $"n/{n}";
}
