using System.Text;
using Podvirt.Scheduler.Runtimes.Local;

namespace Podvirt.Scheduler.Tests.Runtimes.Local;

public sealed class ReplicaLogFilesTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("podvirt-").FullName;
    private readonly ReplicaLogFiles _logs;

    public ReplicaLogFilesTests() => _logs = new ReplicaLogFiles(_data, bytesMax: 1 << 20, logsPerModel: 3);

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task ReadOn_BeginsWithTheLastLines_GoesOnWithWhatIsNew_AndThenWithTheNextReplica()
    {
        Assert.Equal("", (await ReadOnAsync(null)).Replica);
        await WriteAsync("r-1", "one\ntwo\nthrée\n");
        var part = await ReadOnAsync(null);
        Assert.Equal(("r-1", "two\nthrée\n"), (part.Replica, Encoding.UTF8.GetString(part.Text.Span)));

        part = await ExpectAsync(part, "r-1", "");
        await WriteAsync("r-1", "fo");
        part = await ExpectAsync(part, "r-1", "fo");
        await WriteAsync("r-1", "ur");
        await WriteAsync("r-2", "new\n");
        part = await ExpectAsync(part, "r-1", "ur");
        part = await ExpectAsync(part, "r-2", "new\n");
        await ExpectAsync(part, "r-2", "");
    }

    [Fact]
    public void LineThatIsBeingWritten_IsReadOnceItIsWhole()
    {
        var path = Path.Combine(_data, "engine.log");
        var position = 0L;
        File.WriteAllText(path, "Starting\nLoading wei");
        Assert.Equal("Starting\n", ReplicaLogFiles.ReadFrom(path, ref position));
        Assert.Equal("", ReplicaLogFiles.ReadFrom(path, ref position));
        File.AppendAllText(path, "ghts took 3 s\n");
        Assert.Equal("Loading weights took 3 s\n", ReplicaLogFiles.ReadFrom(path, ref position));
    }

    [Fact]
    public async Task ReadOn_AfterACut_BeginsAnew_AndAfterADeletionWithTheOldestLeft()
    {
        await WriteAsync("r-1", "a long line of the first\n");
        var part = await ReadOnAsync(null);
        await File.WriteAllTextAsync(PathOf("r-1"), "tail\n");
        part = await ExpectAsync(part, "r-1", "tail\n");
        File.Delete(PathOf("r-1"));
        await WriteAsync("r-2", "second\n");
        await ExpectAsync(part, "r-2", "second\n");
    }

    [Fact]
    public async Task ReadReplicaTail_FindsItByItsIdAlone_AndNothingElse()
    {
        await WriteAsync("r-1", "one\ntwo\n");
        Assert.Equal("two", await _logs.ReadReplicaTailAsync("r-1", 1, CancellationToken.None));
        Assert.Null(await _logs.ReadReplicaTailAsync("r-9", 1, CancellationToken.None));
        Assert.Null(await _logs.ReadReplicaTailAsync("../org%2Fm/r-1", 1, CancellationToken.None));
    }

    private ValueTask<LogPart> ReadOnAsync(LogPart? after) => _logs.ReadOnAsync("org/m", after, lines: 2, CancellationToken.None);

    private async Task<LogPart> ExpectAsync(LogPart after, string replica, string text)
    {
        var part = await ReadOnAsync(after);
        Assert.Equal((replica, text), (part.Replica, Encoding.UTF8.GetString(part.Text.Span)));
        return part;
    }

    private string PathOf(string replica) => Path.Combine(Path.GetDirectoryName(_logs.Create("org/m", "r-0"))!, replica + ".log");

    private Task WriteAsync(string replica, string text) => File.AppendAllTextAsync(PathOf(replica), text);
}
