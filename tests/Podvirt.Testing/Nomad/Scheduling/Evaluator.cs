using System.Collections.Concurrent;
using System.Threading.Channels;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Scheduling;

/// <summary>Works off evaluations one at a time, as a server's scheduler: a registration answers before its allocations exist.</summary>
internal sealed class Evaluator : IAsyncDisposable
{
    private readonly NomadState _state;
    private readonly Channel<string> _queue = Channel.CreateUnbounded<string>();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, Task> _waiting = new();
    private readonly Task _loop;

    public Evaluator(NomadState state)
    {
        _state = state;
        _loop = RunAsync();
    }

    /// <summary>Adds an evaluation of a job to a write.</summary>
    public static EvaluationRecord Add(NomadWrite write, JobKey job, string trigger, string nodeId = "", DateTimeOffset? at = null) =>
        write.Evaluation(new EvaluationRecord(job, trigger, write.State.Jobs.GetValueOrDefault(job)?.Type ?? "service") { NodeId = nodeId, WaitUntil = at });

    /// <summary>Takes up the evaluations of a write, and the blocked ones where it made room.</summary>
    public void OnWritten(NomadWrite write)
    {
        foreach (var evaluation in write.Evaluations.Where(static e => e.Status == "pending"))
        {
            if (evaluation.WaitUntil is { } time)
            {
                _waiting[evaluation.Id] = QueueAtAsync(evaluation.Id, time);
            }
            else
            {
                _queue.Writer.TryWrite(evaluation.Id);
            }
        }
        if (write.RoomMade && _state.Read(static s => s.Evaluations.Values.Any(static e => e.Status == "blocked")))
        {
            _state.Write(static w =>
            {
                foreach (var blocked in w.State.Evaluations.Values.Where(static e => e.Status == "blocked").ToArray())
                {
                    blocked.Status = "pending";
                    w.Evaluation(blocked);
                }
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _stopping.CancelAsync();
        await Task.WhenAll([_loop, .. _waiting.Values]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task QueueAtAsync(string id, DateTimeOffset time)
    {
        var wait = time - DateTimeOffset.UtcNow;
        await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, _stopping.Token);
        _queue.Writer.TryWrite(id);
        _waiting.TryRemove(id, out _);
    }

    private async Task RunAsync()
    {
        await foreach (var id in _queue.Reader.ReadAllAsync(_stopping.Token))
        {
            _state.Write(w => Process(w, w.State.Evaluations[id]));
        }
    }

    /// <summary>A job that the scheduler trips over shows on its evaluation, and stops no other.</summary>
    private static void Process(NomadWrite write, EvaluationRecord evaluation)
    {
        if (evaluation.Status != "pending")
        {
            return;
        }
        try
        {
            Work(write, evaluation);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or KeyNotFoundException)
        {
            evaluation.Status = "failed";
            evaluation.StatusDescription = e.ToString();
            write.Evaluation(evaluation);
        }
    }

    private static void Work(NomadWrite write, EvaluationRecord evaluation)
    {
        var plan = new Reconciler(write, evaluation).Run();
        foreach (var other in write.State.Evaluations.Values.Where(e => e != evaluation && e.Job == evaluation.Job && e.Status == "blocked").ToArray())
        {
            other.Status = "canceled";
            other.StatusDescription = "evaluation canceled: a newer one took its place";
            write.Evaluation(other);
        }
        evaluation.Failed = plan.Failed;
        evaluation.Queued = plan.Queued;
        if (plan.Failed.Count == 0)
        {
            evaluation.Status = "complete";
            evaluation.BlockedEval = "";
        }
        else if (evaluation.Trigger == "queued-allocs")
        {
            evaluation.Status = "blocked";
        }
        else
        {
            var blocked = new EvaluationRecord(evaluation.Job, "queued-allocs", evaluation.Type)
            {
                Status = "blocked",
                StatusDescription = "created to place remaining allocations",
                PreviousEval = evaluation.Id,
                Failed = plan.Failed,
                Queued = plan.Queued,
            };
            write.Evaluation(blocked);
            evaluation.Status = "complete";
            evaluation.BlockedEval = blocked.Id;
        }
        write.Evaluation(evaluation);
        JobStatus.Update(write, evaluation.Job);
    }
}
