using System.Globalization;

namespace Podvirt.Simulator.Gpu;

/// <summary>
/// One gpu's memory, or the node's own, shared by the engines that hold some of it: a directory with a file per holding process, named by its pid,
/// with <c>&lt;bytes&gt; &lt;starttime&gt;</c> in it. The start time is field 22 of <c>/proc/&lt;pid&gt;/stat</c>; an entry whose process is gone,
/// or whose pid belongs to another process by now, holds nothing and is removed.
/// </summary>
internal sealed class GpuAccount(string directory, string gpu, long total, TimeProvider time, int pid)
{
    private const string LockName = "lock";

    // Holders keep the lock for well under a millisecond; whoever keeps it this long is stuck.
    private static readonly TimeSpan _lockTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _lockRetry = TimeSpan.FromMilliseconds(5);

    private readonly string _directory = Path.Combine(directory, gpu);

    public string Gpu => gpu;

    public long Total => total;

    /// <summary>Sets what this process holds.</summary>
    /// <returns>The bytes that the others left free; the amount was only taken when it fits in them.</returns>
    public async Task<(bool Fits, long Free)> SetAsync(long bytes, bool mustFit, CancellationToken token)
    {
        Directory.CreateDirectory(_directory);
        await using var held = await LockAsync(token);
        var free = total - Others();
        if (mustFit && bytes > free)
        {
            return (false, free);
        }

        Write(bytes);
        return (true, free);
    }

    /// <summary>Removes this process from the account.</summary>
    public async Task ReleaseAsync()
    {
        if (!Directory.Exists(_directory))
        {
            return;
        }

        await using var held = await LockAsync(CancellationToken.None);
        File.Delete(OwnFile);
    }

    private string OwnFile => Path.Combine(_directory, pid.ToString(CultureInfo.InvariantCulture));

    private async Task<FileStream> LockAsync(CancellationToken token)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(Path.Combine(_directory, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (time.GetElapsedTime(start) < _lockTimeout)
            {
                await Task.Delay(_lockRetry, time, token);
            }
        }
    }

    private long Others()
    {
        var sum = 0L;
        foreach (var file in Directory.EnumerateFiles(_directory))
        {
            if (!int.TryParse(Path.GetFileName(file), NumberStyles.None, CultureInfo.InvariantCulture, out var holder) || holder == pid)
            {
                continue;
            }

            var parts = File.ReadAllText(file).Split(' ', StringSplitOptions.TrimEntries);
            if (parts.Length == 2
                && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
                && ProcessStartTime.Of(holder) is { } started && started == parts[1])
            {
                sum += bytes;
                continue;
            }

            File.Delete(file);
        }

        return sum;
    }

    private void Write(long bytes)
    {
        var temporary = OwnFile + ".tmp";
        File.WriteAllText(temporary, string.Create(CultureInfo.InvariantCulture, $"{bytes} {ProcessStartTime.Of(pid) ?? "0"}"));
        File.Move(temporary, OwnFile, overwrite: true);
    }
}
