using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Remote;

/// <summary>Questions for logs over the bus, and the answers to them: each carries an id of its own, and what nobody waits for any more is let go.</summary>
internal sealed class LogCalls(IBus bus, TimeProvider time) : BackgroundService
{
    /// <summary>A log is read from a file, or from another machine. Dashboards wait for it.</summary>
    private static readonly TimeSpan AnswerTimeMax = TimeSpan.FromSeconds(5);

    /// <summary>Of people and dashboards: more than wait at a time.</summary>
    private const int QueueLengthMax = 256;

    private readonly ConcurrentDictionary<string, TaskCompletionSource<LogQueryAnswer>> _waiting = new(StringComparer.Ordinal);
    private readonly IBusSubscription<LogQueryAnswer> _answers = bus.Subscribe(Subjects.LogQueryAnswers, QueueLengthMax);

    /// <returns>Null: nobody answered in time.</returns>
    public async Task<LogQueryAnswer?> AskAsync(Func<string, LogQuery> query, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow()).ToString("n");
        var answered = new TaskCompletionSource<LogQueryAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answered;
        try
        {
            await bus.PublishAsync(Subjects.LogQueries, query(id), cancellationToken);
            return await answered.Task.WaitAsync(AnswerTimeMax, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            _waiting.TryRemove(id, out _);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using (_answers)
        {
            await foreach (var answer in _answers.ReadAllAsync(stoppingToken))
            {
                if (_waiting.TryRemove(answer.Id, out var waiting))
                {
                    waiting.TrySetResult(answer);
                }
            }
        }
    }
}
