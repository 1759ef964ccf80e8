using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Scheduling;

internal static class JobStatus
{
    /// <summary>pending, running or dead. A change moves the job's ModifyIndex, never its JobModifyIndex.</summary>
    public static void Update(NomadWrite write, JobKey key)
    {
        if (!write.State.Jobs.TryGetValue(key, out var job))
        {
            return;
        }
        var status = Of(write.State, job, key);
        if (status != job.Status)
        {
            job.Status = status;
            write.Job(job, "JobRegistered");
        }
    }

    /// <summary>A job that was told to stop is dead at once, while its processes may still be ending.</summary>
    private static string Of(NomadState state, JobRecord job, JobKey key)
    {
        if (job.IsSystem)
        {
            return job.Stop ? "dead" : "running";
        }
        if (state.Deployments.Values.Any(d => d.Job == key && d.Active)
            || state.Allocations.Values.Any(a => a.Job == key && a.DesiredStatus == "run" && !a.ClientTerminal))
        {
            return "running";
        }
        return state.Evaluations.Values.Any(e => e.Job == key && e.Status is "pending" or "blocked") ? "pending" : "dead";
    }
}
