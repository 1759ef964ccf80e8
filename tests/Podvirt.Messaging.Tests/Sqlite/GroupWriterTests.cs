using Microsoft.Data.Sqlite;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Messaging.Tests.Sqlite;

public sealed class GroupWriterTests : IDisposable
{
    private const int Normal = 1;
    private const int Full = 2;

    private readonly TempDirectory _directory = new();
    private readonly DataFile _file;
    private readonly GroupWriter<LookingSession> _writer;

    public GroupWriterTests()
    {
        _file = DataFile.Open(_directory.File("groups.db"), ["CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY) STRICT"], checkContent: false);
        _writer = new GroupWriter<LookingSession>(_file, () => new LookingSession(_file.OpenWriter()), TimeProvider.System, new Silent());
    }

    public void Dispose()
    {
        _writer.Dispose();
        _file.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Group_IsSyncedWhereOneOfItsJobsMustSurviveTheMachine()
    {
        Assert.Equal(new[] { Full }, await RunAsync(StateDurability.Machine));
        Assert.Equal(new[] { Normal }, await RunAsync(StateDurability.Process));
        Assert.Equal(new[] { Normal, Normal }, await RunAsync(StateDurability.Process, StateDurability.Process));
        Assert.Equal(new[] { Full, Full, Full }, await RunAsync(StateDurability.Process, StateDurability.Machine, StateDurability.Process));
        Assert.Equal(new[] { Normal }, await RunAsync(StateDurability.Process));
        Assert.Equal(new[] { Full }, await RunAsync(StateDurability.Machine));
    }

    [Fact]
    public async Task GroupAfterAFailedOne_IsSyncedAsItsJobsSay()
    {
        Assert.Equal(new[] { Normal }, await RunAsync(StateDurability.Process));
        var failing = new WriteJob<LookingSession, int>(_ => throw new InvalidOperationException("no"), null, StateDurability.Process);
        _writer.Run([failing]);
        await Assert.ThrowsAsync<InvalidOperationException>(() => failing.Completion);

        Assert.Equal(new[] { Full }, await RunAsync(StateDurability.Machine));
        Assert.Equal(new[] { Normal }, await RunAsync(StateDurability.Process));
    }

    /// <summary>What each job of one group sees of the connection's <c>synchronous</c>.</summary>
    private async Task<int[]> RunAsync(params IReadOnlyList<StateDurability> durabilities)
    {
        var jobs = durabilities.Select(durability => new WriteJob<LookingSession, int>(session => session.Synchronous, null, durability)).ToList();
        _writer.Run([.. jobs]);
        return await Task.WhenAll(jobs.Select(job => job.Completion));
    }

    private sealed class LookingSession(SqliteConnection connection) : WriteSession(connection)
    {
        public int Synchronous => (int)(long)Prepare("PRAGMA synchronous").ExecuteScalar()!;
    }

    private sealed class Silent : IGroupObserver
    {
        public void GroupCommitted(int jobs, TimeSpan duration)
        {
            // Measured elsewhere.
        }

        public void GroupFailed(int jobs, Exception error)
        {
            // Its jobs say so.
        }
    }
}
