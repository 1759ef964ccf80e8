using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Remote;

/// <summary>Questions over the bus, and the answers to them: each carries an id of its own, and what nobody waits for any more is let go.</summary>
internal sealed class BusCalls<TQuestion, TAnswer>(
    IBus bus, Subject<TQuestion> questions, Subject<TAnswer> answers, Func<TAnswer, string> idOf, TimeProvider time) : BackgroundService
    where TQuestion : class
    where TAnswer : class
{
    /// <summary>The longest that an answer takes: the leader may write to the state store first. Longer than a change of leader.</summary>
    private static readonly TimeSpan _answerTimeMax = TimeSpan.FromSeconds(15);

    /// <summary>Of people and dashboards: more than wait at a time.</summary>
    private const int QueueLengthMax = 1024;

    private readonly ConcurrentDictionary<string, TaskCompletionSource<TAnswer>> _waiting = new(StringComparer.Ordinal);
    private readonly IBusSubscription<TAnswer> _answers = bus.Subscribe(answers, QueueLengthMax);

    /// <returns>Null: nobody answered in time.</returns>
    public async Task<TAnswer?> AskAsync(Func<string, TQuestion> question, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow()).ToString("n");
        var answered = new TaskCompletionSource<TAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answered;
        try
        {
            await bus.PublishAsync(questions, question(id), cancellationToken);
            return await answered.Task.WaitAsync(_answerTimeMax, time, cancellationToken);
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
                if (_waiting.TryRemove(idOf(answer), out var waiting))
                {
                    waiting.TrySetResult(answer);
                }
            }
        }
    }
}
