using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Tasks;

/// <summary>One task: starts its process, restarts it as its policy says, ends it with grace, and tells each step as an event.</summary>
internal sealed class TaskRun(AllocationRun run, TaskClient client, JsonObject spec)
{
    private readonly Queue<DateTimeOffset> _restarts = new();
    private TaskProcess? _process;
    private volatile bool _restartAsked;

    public string Name { get; } = Json.Text(spec[nameof(Name)]);

    public JsonObject Spec => spec;

    public TaskStateRecord State { get; } = new();

    public bool IsOver => State.State == "dead";

    /// <summary>Null: it has not started, or has ended.</summary>
    public int? Process { get; private set; }

    public bool IsPrestart => Json.Text(spec["Lifecycle"]?["Hook"]) == "prestart" && !Json.Truth(spec["Lifecycle"]?["Sidecar"]);

    /// <summary>Its log, while or after it ran.</summary>
    /// <param name="type">stdout or stderr.</param>
    public string LogFile(string type) => Path.Combine(run.Folder.FullName, "alloc", "logs", $"{Name}.{type}.0");

    /// <summary>Ends the process and starts it again, beside the policy.</summary>
    public void Restart()
    {
        _restartAsked = true;
        _process?.Signal(TaskProcess.Terminate);
    }

    /// <summary>Adds an event and reports.</summary>
    public void Note(string type, string message, int exitCode = 0, int signal = 0, bool fails = false, Action? with = null)
    {
        client.State.Read(_ =>
        {
            with?.Invoke();
            State.Events.Add(new TaskEventRecord(type, message, exitCode, signal, fails));
            // An agent keeps the last ten.
            State.Events.RemoveRange(0, Math.Max(0, State.Events.Count - 10));
            return true;
        });
        run.Report();
    }

    public async Task RunAsync()
    {
        Note("Received", "Task received by client");
        Note("Task Setup", "Building Task Directory");
        while (true)
        {
            if (run.Stopping.IsCancellationRequested)
            {
                Note("Killed", "Task successfully killed", with: Over);
                return;
            }
            if (await StartAsync() is not { } process)
            {
                return;
            }
            _process = process;
            Process = process.Id;
            Note("Started", "Task started by client", with: () =>
            {
                State.State = "running";
                State.StartedAt = DateTimeOffset.UtcNow;
            });
            if (await OnceAsync(process) is not { } pause)
            {
                return;
            }
            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, run.Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Waits for its end. Null: that was the last time; else how long to wait before the next.</summary>
    private async Task<TimeSpan?> OnceAsync(TaskProcess process)
    {
        var ended = await process.WaitAsync(run.Stopping);
        if (!ended)
        {
            await KillAsync(process);
            Process = null;
            return null;
        }
        Process = null;
        var (code, signal) = process.Exit;
        Note("Terminated", signal > 0 ? $"Exit Code: {code}, Signal: {signal}" : $"Exit Code: {code}", code, signal);
        process.Dispose();
        if (_restartAsked)
        {
            _restartAsked = false;
            Note("Restarting", "Task restarting in 0s", with: Restarted);
            return TimeSpan.Zero;
        }
        if (code == 0 && (Json.Text(run.Allocation.Spec["Type"]) is "batch" or "sysbatch" || IsPrestart))
        {
            Note("Not Restarting", "Policy allows no restarts", with: Over);
            return null;
        }
        return Next();
    }

    private async Task<TaskProcess?> StartAsync()
    {
        try
        {
            var start = await TaskStart.PrepareAsync(client, run, this);
            if (Json.Text(spec["Driver"]) == "docker")
            {
                Note("Driver", $"Downloading image");
            }
            return TaskProcess.Start(start, LogFile("stdout"), LogFile("stderr"));
        }
        catch (TaskStartException e)
        {
            Note("Driver Failure", e.Message);
            Note("Not Restarting", "Error was unrecoverable", fails: true, with: () =>
            {
                State.Failed = true;
                Over();
            });
            run.Failed(this);
        }
        catch (OperationCanceledException) when (run.Stopping.IsCancellationRequested)
        {
            Note("Killed", "Task successfully killed", with: Over);
        }
        return null;
    }

    private TimeSpan? Next()
    {
        var policy = spec["RestartPolicy"];
        var interval = Json.Duration(policy?["Interval"]);
        var attempts = Json.Number(policy?["Attempts"]);
        var delay = Json.Duration(policy?["Delay"]);
        var now = DateTimeOffset.UtcNow;
        while (_restarts.TryPeek(out var oldest) && now - oldest > interval)
        {
            _restarts.Dequeue();
        }
        if (_restarts.Count >= attempts)
        {
            if (Json.Text(policy?["Mode"]) == "delay")
            {
                Note("Restarting", $"Task restarting in {interval.TotalSeconds}s", with: Restarted);
                return interval;
            }
            var why = attempts == 0
                ? "Policy allows no restarts"
                : $"Exceeded allowed attempts {attempts} in interval {interval.TotalSeconds}s and mode is \"fail\"";
            Note("Not Restarting", why, fails: true, with: () =>
            {
                State.Failed = true;
                Over();
            });
            run.Failed(this);
            return null;
        }
        _restarts.Enqueue(now);
        Note("Restarting", $"Task restarting in {delay.TotalSeconds}s", with: Restarted);
        return delay;
    }

    private void Restarted()
    {
        State.State = "pending";
        State.Restarts++;
        State.LastRestart = DateTimeOffset.UtcNow;
    }

    private void Over()
    {
        State.State = "dead";
        State.FinishedAt = DateTimeOffset.UtcNow;
    }

    private async Task KillAsync(TaskProcess process)
    {
        var shutdownDelay = Json.Duration(spec["ShutdownDelay"]) + Json.Duration(run.Allocation.GroupSpec?["ShutdownDelay"]);
        if (shutdownDelay > TimeSpan.Zero && !run.Crashing.IsCancellationRequested)
        {
            Note("Waiting for shutdown delay", $"Waiting for shutdown_delay of {shutdownDelay.TotalSeconds}s before killing the task.");
            await Task.Delay(shutdownDelay, run.Crashing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        var grace = Json.Duration(spec["KillTimeout"], TimeSpan.FromSeconds(5));
        Note("Killing", $"Sent interrupt. Waiting {grace.TotalSeconds}s before force killing");
        await process.KillAsync(grace, TaskProcess.Number(Json.Text(spec["KillSignal"])), run.Crashing);
        var (code, signal) = process.Exit;
        Note("Terminated", signal > 0 ? $"Exit Code: {code}, Signal: {signal}" : $"Exit Code: {code}", code, signal);
        Note("Killed", "Task successfully killed", with: Over);
        process.Dispose();
    }
}
