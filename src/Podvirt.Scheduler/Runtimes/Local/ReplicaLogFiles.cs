using System.Text;

namespace Podvirt.Scheduler.Runtimes.Local;

/// <summary>One log file per replica, <c>&lt;data&gt;/logs/&lt;model&gt;/&lt;replica&gt;.log</c>, bounded in size and in number.</summary>
internal sealed class ReplicaLogFiles : IReplicaLogs
{
    /// <summary>How much of a file's end is looked at for its last lines.</summary>
    private const int TailBytesMax = 1 << 20;

    private readonly string _root;
    private readonly long _bytesMax;
    private readonly int _logsPerModel;

    public ReplicaLogFiles(string dataPath, long bytesMax, int logsPerModel)
    {
        _root = Path.Combine(dataPath, "logs");
        _bytesMax = bytesMax;
        _logsPerModel = logsPerModel;
    }

    /// <summary>Makes room for one more log of the model and returns its path. Replica ids sort by time, and so do the files.</summary>
    public string Create(string model, string replica)
    {
        var folder = Folder(model);
        Directory.CreateDirectory(folder);
        foreach (var old in Logs(folder).SkipLast(_logsPerModel - 1))
        {
            File.Delete(old);
        }

        return PathOf(model, replica);
    }

    public string PathOf(string model, string replica) => Path.Combine(Folder(model), replica + ".log");

    public async ValueTask<string?> ReadTailAsync(string modelId, int lines, CancellationToken cancellationToken)
    {
        var folder = Folder(modelId);
        var newest = Directory.Exists(folder) ? Logs(folder).LastOrDefault() : null;
        return newest is null ? null : LastLines(await ReadEndAsync(newest, cancellationToken), lines);
    }

    public async ValueTask<string?> ReadReplicaTailAsync(string replicaId, int lines, CancellationToken cancellationToken)
    {
        // It becomes a file name: nothing but what ids are made of.
        if (!replicaId.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') || !Directory.Exists(_root))
        {
            return null;
        }

        var path = Directory.EnumerateDirectories(_root).Select(folder => Path.Combine(folder, replicaId + ".log")).FirstOrDefault(File.Exists);
        return path is null ? null : LastLines(await ReadEndAsync(path, cancellationToken), lines);
    }

    public async ValueTask<LogPart> ReadOnAsync(string modelId, LogPart? after, int lines, CancellationToken cancellationToken)
    {
        var folder = Folder(modelId);
        var all = Directory.Exists(folder) ? Logs(folder) : [];
        if (all.Count == 0)
        {
            return new LogPart("", 0, default);
        }

        var path = Path.Combine(folder, after?.Replica + ".log");
        if (after is null || !all.Contains(path))
        {
            // Its log went with others that had become too many: on with the oldest that is left.
            return after is null ? await ReadLastPartAsync(all[^1], lines, cancellationToken) : await ReadPartAsync(all[0], 0, cancellationToken);
        }

        var part = await ReadPartAsync(path, after.End, cancellationToken);
        var next = all.IndexOf(path) + 1;
        return part.Text.IsEmpty && next < all.Count ? await ReadPartAsync(all[next], 0, cancellationToken) : part;
    }

    /// <summary>The last line that says something about an error, else the last line; empty when nothing was written.</summary>
    public static string LastErrorLine(string path)
    {
        if (!File.Exists(path))
        {
            return "";
        }

        using var stream = Open(path);
        var buffer = new byte[(int)Math.Min(stream.Length, 64 << 10)];
        stream.Seek(-buffer.Length, SeekOrigin.End);
        var length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        var lines = Encoding.UTF8.GetString(buffer, 0, length)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return Array.FindLast(lines, line => line.Contains("error", StringComparison.OrdinalIgnoreCase)) ?? lines.LastOrDefault("");
    }

    /// <summary>
    /// Cuts a log that has grown too large to the newer half of its allowance. The engine appends to the same file all the
    /// while; what it writes between the copy and the cut is lost, which is the price of not owning a pipe that could break.
    /// </summary>
    public void Bound(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        if (stream.Length <= _bytesMax)
        {
            return;
        }

        var tail = new byte[_bytesMax / 2];
        stream.Seek(-tail.Length, SeekOrigin.End);
        var length = stream.ReadAtLeast(tail, tail.Length, throwOnEndOfStream: false);
        var start = Array.IndexOf(tail, (byte)'\n', 0, length) + 1;
        stream.SetLength(0);
        stream.Seek(0, SeekOrigin.Begin);
        stream.Write(tail, start, length - start);
    }

    /// <summary>The whole lines that were written since <paramref name="position"/>; after a cut it starts over.</summary>
    public static string ReadFrom(string path, ref long position)
    {
        if (!File.Exists(path))
        {
            return "";
        }

        using var stream = Open(path);
        position = stream.Length < position ? 0 : position;
        var buffer = new byte[(int)Math.Min(stream.Length - position, TailBytesMax)];
        stream.Seek(position, SeekOrigin.Begin);
        var length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        // The rest of a line that is being written comes with the next read: half of one would say nothing to anybody.
        var end = buffer.AsSpan(0, length).LastIndexOf((byte)'\n') + 1;
        length = end > 0 || length < TailBytesMax ? end : length;
        position += length;
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private static async Task<LogPart> ReadLastPartAsync(string path, int lines, CancellationToken cancellationToken)
    {
        var part = await ReadPartAsync(path, Math.Max(0, new FileInfo(path).Length - TailBytesMax), cancellationToken);
        // The line feed at the very end ends the last line; it does not begin another.
        var start = Math.Max(0, part.Text.Length - 1);
        for (var found = 0; start > 0 && found < lines; found++)
        {
            start = Math.Max(0, part.Text.Span[..start].LastIndexOf((byte)'\n'));
        }

        start += start > 0 ? 1 : 0;
        return part with { Text = part.Text[start..] };
    }

    /// <summary>From a position on; after a cut from the beginning.</summary>
    private static async Task<LogPart> ReadPartAsync(string path, long position, CancellationToken cancellationToken)
    {
        await using var stream = Open(path);
        position = stream.Length < position ? 0 : position;
        var buffer = new byte[(int)Math.Min(stream.Length - position, TailBytesMax)];
        stream.Seek(position, SeekOrigin.Begin);
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return new LogPart(Path.GetFileNameWithoutExtension(path), position + length, buffer.AsMemory(0, length));
    }

    /// <summary>A model's id as one folder name: it may hold slashes, and must not climb.</summary>
    private string Folder(string model) => Path.Combine(_root, Uri.EscapeDataString(model).Replace(".", "%2E", StringComparison.Ordinal));

    private static List<string> Logs(string folder) => [.. Directory.EnumerateFiles(folder, "*.log").Order(StringComparer.Ordinal)];

    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private static async Task<string> ReadEndAsync(string path, CancellationToken cancellationToken)
    {
        await using var stream = Open(path);
        var buffer = new byte[(int)Math.Min(stream.Length, TailBytesMax)];
        stream.Seek(-buffer.Length, SeekOrigin.End);
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private static string LastLines(string text, int lines)
    {
        var all = text.TrimEnd('\n').Split('\n');
        return string.Join('\n', all.Skip(Math.Max(0, all.Length - lines)));
    }
}
