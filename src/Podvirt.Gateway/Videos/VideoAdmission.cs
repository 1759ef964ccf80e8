using Microsoft.AspNetCore.Http;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Videos;

/// <summary>
/// Whether a video is within its key's and its project's limits, and what it holds of them until it ends: the seconds that were asked for of
/// the plan, and what they cost of the key's budget. From all of them or from none, under one lock.
/// </summary>
internal sealed class VideoAdmission(Accounts accounts)
{
    // What running jobs hold comes back with their ends.
    private static readonly TimeSpan s_heldRetry = TimeSpan.FromSeconds(10);

    /// <param name="us">Microseconds of video.</param>
    /// <returns>One of both. Rate headers are set either way.</returns>
    public (VideoReservation? Held, ApiError? Error) Admit(HttpResponse response, Caller caller, string model, long us)
    {
        var key = accounts.KeyOf(caller);
        if (!key.Allows(model))
        {
            return (null, ApiErrors.ModelNotAllowed(model));
        }
        RateStanding standing;
        ApiError? error;
        VideoReservation? held = null;
        lock (key.Project.Gate)
        {
            var now = accounts.Now;
            error = FindObstacle(key, model, us, now);
            if (error is null)
            {
                key.Requests.Take(1, now);
                key.Project.Requests.Take(1, now);
                held = HoldUnsynchronized(key, model, us);
                key.AskIfLow(key.Project.VideosOf(model), accounts.Month, now);
            }
            else if (key.Project.Quota is not null)
            {
                NoteNeeds(key, model, us, now);
            }
            standing = RateStanding.Of(key, now);
        }
        standing.WriteTo(response.Headers);
        return (held, key.Refilling(error));
    }

    /// <summary>What a job held before a restart it holds again, whatever the limits say now.</summary>
    public VideoReservation Resume(VideoJob job)
    {
        var key = accounts.KeyOf(new Caller(job.Project, job.Key));
        lock (key.Project.Gate)
        {
            return HoldUnsynchronized(key, job.Model, job.ReservedUs);
        }
    }

    private VideoReservation HoldUnsynchronized(KeyAccount key, string model, long us)
    {
        var held = new VideoReservation(key, key.Project.VideosOf(model), us, PicoOf(model, us));
        held.TakeUnsynchronized();
        return held;
    }

    private Int128 PicoOf(string model, long us) => accounts.RateOf(model).CostOf(new BilledAmounts(0, 0, 0, 0, us)).Pico;

    private ApiError? FindObstacle(KeyAccount key, string model, long us, long now)
    {
        const decimal UsPerSecond = 1_000_000m;
        var month = accounts.Month;
        var seconds = key.Project.VideosOf(model);
        if (Lacks(seconds, us, month, out var isHeld))
        {
            return isHeld
                ? ApiErrors.QuotaHeld($"the plan of project '{key.Project.Id}'", s_heldRetry)
                : VideoErrors.PlanSpent(
                    model, (decimal)seconds.Limit!.Value / UsPerSecond, (decimal)seconds.UsedIn(month) / UsPerSecond, us / UsPerSecond, month.End);
        }
        if (Lacks(key.Budget, PicoOf(model, us), month, out isHeld))
        {
            return isHeld
                ? ApiErrors.QuotaHeld("this key's budget", s_heldRetry)
                : ApiErrors.BudgetSpent(new Cost(key.Budget.Limit!.Value), new Cost(key.Budget.UsedIn(month)), month.End);
        }
        return FindRate(key.Requests, "this key", now) ?? FindRate(key.Project.Requests, $"project '{key.Project.Id}'", now);
    }

    // What the chunks of shared limits are too small for, of all of them: it is fetched at once.
    private void NoteNeeds(KeyAccount key, string model, long us, long now)
    {
        key.Project.VideosOf(model).Share?.Need(us, us);
        key.Budget.Share?.Need(PicoOf(model, us), PicoOf(model, us));
        key.Requests.Need(1, now);
        key.Project.Requests.Need(1, now);
    }

    // Held is what would be enough if running jobs made nothing.
    private static bool Lacks(MonthMeter meter, Int128 needed, UtcMonth month, out bool isHeld)
    {
        isHeld = false;
        if (meter.Limit is not { } limit || needed == 0 || meter.FreeIn(month) >= needed)
        {
            return false;
        }
        isHeld = limit - meter.UsedIn(month) >= needed;
        return true;
    }

    private static ApiError? FindRate(RateBucket bucket, string whose, long now) => bucket.Holds(1, now)
        ? null
        : ApiErrors.RateReached(whose, ApiError.Requests, bucket.Limit!.Value, bucket.Remaining(now), 1, bucket.Until(1, now));
}

/// <summary>What one job holds of its limits. Given back once: when its record is durable, to what was made.</summary>
internal sealed class VideoReservation(KeyAccount key, MonthMeter seconds, long us, Int128 pico) : IDisposable
{
    private bool _isReleased;

    public long Us => us;

    /// <summary>Under the project's lock.</summary>
    public void TakeUnsynchronized()
    {
        seconds.Reserve(us);
        key.Budget.Reserve(pico);
    }

    /// <summary>Counts what was made, now that its record is durable.</summary>
    public void Settle(UtcMonth month, long usedUs, Cost cost)
    {
        lock (key.Project.Gate)
        {
            seconds.Use(month, usedUs);
            key.Budget.Use(month, cost.Pico);
            ReleaseUnsynchronized();
        }
    }

    /// <summary>Without a record.</summary>
    public void Dispose()
    {
        lock (key.Project.Gate)
        {
            ReleaseUnsynchronized();
        }
    }

    private void ReleaseUnsynchronized()
    {
        if (!_isReleased)
        {
            _isReleased = true;
            seconds.Reserve(-us);
            key.Budget.Reserve(-pico);
        }
    }
}
