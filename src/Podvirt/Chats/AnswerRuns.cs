using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Configuration;
using Podvirt.Messaging;

namespace Podvirt.Chats;

internal enum Room
{
    Free,
    VisitorFull,
    ServerFull,
    ShuttingDown,
}

/// <summary>
/// The answers that run. They end with the host: the gateway lets them finish within its drain time and cuts the rest, which
/// are interrupted then.
/// </summary>
internal sealed partial class AnswerRuns(
    AnswerJobServices services, PodvirtConfig config, ILogger<AnswerRuns> logger, PatientStart? patience = null) : IHostedService
{
    private readonly Dictionary<string, Run> _runs = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    public int RunningMax => config.Console.RunningAnswers;

    public TimeSpan FramesTime => config.Console.FramesTime;

    /// <summary>Takes a place, writes the answer down, and runs it. Where one of them fails, nothing runs.</summary>
    public async Task<(Room Room, BeginOutcome Outcome)> BeginAsync(NewAnswer answer, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        var state = new AnswerState(answer.Identity, answer.Facts);
        var job = new AnswerJob(state, services, config.Console.FramesTime, config.Console.FramesBytes);
        var run = new Run(job);
        if (Enter(run) is var room and not Room.Free)
        {
            return (room, default);
        }
        try
        {
            // Not cancelled with the call: what is written runs.
            var outcome = await services.Store.BeginAsync(answer, CancellationToken.None);
            if (outcome != BeginOutcome.Begun)
            {
                Leave(run);
                return (Room.Free, outcome);
            }
        }
        catch
        {
            Leave(run);
            throw;
        }
        _ = RunAsync(run, headers, answer.RequestBody);
        return (Room.Free, BeginOutcome.Begun);
    }

    /// <summary>Null: it is over, or never was.</summary>
    public AnswerJob? Find(string id)
    {
        lock (_gate)
        {
            return _runs.GetValueOrDefault(id)?.Job;
        }
    }

    /// <summary>Stops those that are chosen.</summary>
    public void Stop(Func<AnswerIdentity, bool> choose)
    {
        List<AnswerJob> jobs;
        lock (_gate)
        {
            jobs = [.. _runs.Values.Select(r => r.Job).Where(j => choose(j.State.Identity))];
        }
        jobs.ForEach(job => job.Stop());
    }

    public Task StartAsync(CancellationToken cancellationToken) =>
        patience.RunOrWaitAsync("the console's answers", InterruptAsync, cancellationToken);

    private async Task InterruptAsync(CancellationToken cancellationToken)
    {
        var interrupted = await services.Store.InterruptAsync(services.Time.GetUtcNow() + FramesTime, cancellationToken);
        if (interrupted > 0)
        {
            LogInterrupted(interrupted);
        }
    }

    /// <summary>By now the gateway has none of them any more: they have their ends to write.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        List<Task> ends;
        lock (_gate)
        {
            ends = [.. _runs.Values.Select(r => r.Left.Task)];
        }
        try
        {
            await Task.WhenAll(ends).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            LogLeft(ends.Count(e => !e.IsCompleted));
        }
    }

    private async Task RunAsync(Run run, IReadOnlyList<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> body)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await run.Job.RunAsync(headers, body);
        }
        catch (Exception e)
        {
            services.LogFailed(e, run.Job.State.Identity.Id);
            await run.Job.FailAsync();
        }
        finally
        {
            Leave(run);
        }
    }

    private Room Enter(Run run)
    {
        lock (_gate)
        {
            if (services.Stopping.IsCancellationRequested)
            {
                return Room.ShuttingDown;
            }
            if (_runs.Count >= RunningMax)
            {
                return Room.ServerFull;
            }
            var visitor = run.Job.State.Identity.Visitor;
            if (_runs.Values.Count(r => r.Job.State.Identity.Visitor == visitor && r.Job.State.Facts.IsRunning) >= ChatBounds.AnswersPerVisitor)
            {
                return Room.VisitorFull;
            }
            _runs.Add(run.Job.State.Identity.Id, run);
            return Room.Free;
        }
    }

    private void Leave(Run run)
    {
        lock (_gate)
        {
            _runs.Remove(run.Job.State.Identity.Id);
        }
        run.Left.TrySetResult();
    }

    [LoggerMessage(5124, LogLevel.Warning, "{Count} answers of the console ran when the server died; they are interrupted")]
    private partial void LogInterrupted(int count);

    [LoggerMessage(5125, LogLevel.Warning, "{Count} answers of the console had not written their end when the time to stop was over")]
    private partial void LogLeft(int count);

    private sealed class Run(AnswerJob job)
    {
        public AnswerJob Job => job;

        /// <summary>Completes with its end, which is never a failure.</summary>
        public TaskCompletionSource Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
