using Microsoft.Data.Sqlite;

namespace Podvirt.Messaging.Sqlite;

/// <summary>Reads of one file on owned threads, each with its own connection.</summary>
internal sealed class ReaderPool : IDisposable, IAsyncDisposable
{
    private readonly Worker<ReadJob> _worker;

    /// <param name="capacity">Reads that wait at most; a further caller waits for room.</param>
    public ReaderPool(string name, DataFile file, int threads, int capacity) =>
        _worker = new Worker<ReadJob>(name, capacity, batchMax: 1, [.. Enumerable.Range(0, threads).Select(_ => new Reader(file))]);

    /// <summary>A cancelled caller stops waiting; a read that has begun is finished.</summary>
    /// <exception cref="DataFileException">The file could not be read.</exception>
    public async ValueTask<T> RunAsync<T>(Func<SqliteConnection, T> read, CancellationToken cancellationToken)
    {
        var job = new ReadJob<T>(read, cancellationToken);
        await _worker.EnqueueAsync(job, cancellationToken);
        return await job.Completion.WaitAsync(cancellationToken);
    }

    public void Dispose() => _worker.Dispose();

    public ValueTask DisposeAsync() => _worker.DisposeAsync();

    private abstract class ReadJob
    {
        public abstract void Run(SqliteConnection connection);

        public abstract void Failed(Exception error);
    }

    private sealed class ReadJob<T>(Func<SqliteConnection, T> read, CancellationToken cancellationToken) : ReadJob
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Completion => _completion.Task;

        public override void Run(SqliteConnection connection)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                _completion.SetCanceled(cancellationToken);
                return;
            }
            _completion.SetResult(read(connection));
        }

        public override void Failed(Exception error) => _completion.SetException(error);
    }

    private sealed class Reader(DataFile file) : IBatchHandler<ReadJob>
    {
        private SqliteConnection? _connection;

        public void Run(List<ReadJob> batch)
        {
            foreach (var job in batch)
            {
                try
                {
                    job.Run(_connection ??= file.OpenReader());
                }
                catch (Exception e)
                {
                    _connection?.Dispose();
                    _connection = null;
                    job.Failed(file.Explain(e));
                }
            }
        }

        public void Dispose() => _connection?.Dispose();
    }
}
