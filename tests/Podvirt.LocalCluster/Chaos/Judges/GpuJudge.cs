using System.Globalization;

namespace Podvirt.LocalCluster.Chaos.Judges;

/// <summary>
/// Watches the account of the simulated gpus all the time: what living engines hold on each is at most what it has. An engine takes nothing that is not free, so that a
/// placement that over-commits a gpu shows as an engine that is out of memory: <see cref="EngineWords"/>.
/// </summary>
internal sealed class GpuJudge(string folder, long bytesEach, Findings findings) : IAsyncDisposable
{
    private const string Lock = "lock";

    // An engine waits for ten seconds for the lock that is held here for a millisecond.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<string> _told = [];
    private Task _watching = Task.CompletedTask;

    /// <summary>The most that was held of any gpu.</summary>
    public long BytesMost { get; private set; }

    public int Looks { get; private set; }

    public void Start() => _watching = Task.Run(WatchAsync);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _watching;
        _stopping.Dispose();
    }

    private async Task WatchAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            foreach (var gpu in Directory.EnumerateDirectories(folder).Where(static d => Path.GetFileName(d) != "host"))
            {
                var held = Held(gpu);
                BytesMost = Math.Max(BytesMost, held ?? 0);
                if (held > bytesEach && _told.Add($"{gpu} {held}"))
                {
                    findings.Add($"{Path.GetFileName(gpu)} holds {held} bytes of {bytesEach}");
                }
            }
            Looks++;
            await Task.Delay(s_pause, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Null where an engine changes it just now: the next look sees it.</summary>
    private static long? Held(string gpu)
    {
        try
        {
            using var locked = new FileStream(Path.Combine(gpu, Lock), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return Directory.EnumerateFiles(gpu).Sum(HeldBy);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long HeldBy(string file) =>
        int.TryParse(Path.GetFileName(file), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
        && File.ReadAllText(file).Split(' ', StringSplitOptions.TrimEntries) is [var bytes, var started] && StartOf(pid) == started
            ? long.Parse(bytes, CultureInfo.InvariantCulture)
            : 0;

    /// <summary>Field 22 of its line: with the pid it names a process for good. Null: it is gone, or has only its parent left to notice.</summary>
    private static string? StartOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : fields[19];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
