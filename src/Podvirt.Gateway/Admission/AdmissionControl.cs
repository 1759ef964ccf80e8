using Microsoft.AspNetCore.Http;
using Podvirt.Core.Projects;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Admission;

/// <summary>
/// Decides before an engine is called whether a request is within its limits, and holds what it may use.
/// <list type="number">
/// <item>The model must be one of the key's.</item>
/// <item>The month's limits, the plan's tokens and the key's budget: a stream must have room for its prompt, because it can be cut; a plain
/// reply for all of its estimate, because it cannot.</item>
/// <item>The rates, of the key and of the plan.</item>
/// <item>Only then is anything taken, under one lock: from all of them or from none.</item>
/// </list>
/// </summary>
internal sealed class AdmissionControl(Accounts accounts, GatewayOptions options)
{
    /// <param name="reservation">What it holds now; null where nothing limits it.</param>
    /// <returns>Null: admitted. Rate headers are set either way.</returns>
    public ApiError? Admit(
        HttpResponse response, KeyAccount key, string model, in PeekedRequest request, int bodyBytes, Surface surface, out Reservation? reservation)
    {
        reservation = null;
        if (!key.Allows(model))
        {
            return ApiErrors.ModelNotAllowed(model);
        }
        ApiError? error;
        RateStanding standing;
        lock (key.Project.Gate)
        {
            var now = accounts.Now;
            var tokens = key.Project.TokensOf(model);
            if (!IsLimited(key, tokens))
            {
                return null;
            }
            var ask = new Ask(
                key, model, surface.Name, tokens, accounts.RateOf(model), Estimate.Of(request, bodyBytes, surface.Kind, options), request.Stream,
                accounts.UtcNow, now);
            error = ask.FindObstacle();
            if (error is null)
            {
                reservation = ask.Take(accounts);
                key.AskIfLow(tokens, accounts.Month, now);
            }
            else if (key.Project.Quota is not null)
            {
                ask.NoteNeeds();
            }
            standing = RateStanding.Of(key, now);
        }
        standing.WriteTo(response.Headers);
        return key.Refilling(error);
    }

    private static bool IsLimited(KeyAccount key, MonthMeter tokens) =>
        tokens.Limit is not null || key.Budget.Limit is not null
        || key.Requests.Limit is not null || key.Tokens.Limit is not null
        || key.Project.Requests.Limit is not null || key.Project.Tokens.Limit is not null;

    /// <summary>One request before its limits, under the project's lock.</summary>
    private readonly struct Ask
    {
        // What running requests hold comes back with their ends; nobody knows when.
        private static readonly TimeSpan s_heldRetry = TimeSpan.FromSeconds(1);

        private readonly KeyAccount _key;
        private readonly string _model;
        private readonly string _surface;
        private readonly MonthMeter _tokens;
        private readonly Rate _rate;
        private readonly Estimate _estimate;
        private readonly bool _isStream;
        private readonly UtcMonth _month;
        private readonly long _now;

        public Ask(
            KeyAccount key, string model, string surface, MonthMeter tokens, Rate rate, Estimate estimate, bool isStream, DateTimeOffset utcNow, long now)
        {
            _key = key;
            _model = model;
            _surface = surface;
            _tokens = tokens;
            _rate = rate;
            _estimate = estimate;
            _isStream = isStream;
            _month = UtcMonth.Of(utcNow);
            _now = now;
        }

        // What it needs to begin.
        private Estimate Least => _isStream ? new Estimate(_estimate.Prompt, Math.Min(1, _estimate.Completion)) : _estimate;

        public ApiError? FindObstacle()
        {
            var least = Least;
            if (Lacks(_tokens, least.Total, out var isHeld))
            {
                return isHeld
                    ? ApiErrors.QuotaHeld(PlanName, s_heldRetry)
                    : ApiErrors.PlanSpent(_model, (long)_tokens.Limit!, (long)_tokens.UsedIn(_month), least.Total, _month.End);
            }
            if (Lacks(_key.Budget, PicoOf(least), out isHeld))
            {
                return isHeld
                    ? ApiErrors.QuotaHeld("this key's budget", s_heldRetry)
                    : ApiErrors.BudgetSpent(new Cost(_key.Budget.Limit!.Value), new Cost(_key.Budget.UsedIn(_month)), _month.End);
            }
            return FindRate(_key.Requests, "this key", 1, ApiError.Requests)
                ?? FindRate(_key.Project.Requests, ProjectName, 1, ApiError.Requests)
                ?? FindRate(_key.Tokens, "this key", _estimate.Total, ApiError.Tokens)
                ?? FindRate(_key.Project.Tokens, ProjectName, _estimate.Total, ApiError.Tokens);
        }

        /// <summary>What the chunks of shared limits are too small for, of all of them: it is fetched at once.</summary>
        public void NoteNeeds()
        {
            Need(_tokens, _estimate.Total, Least.Total);
            Need(_key.Budget, PicoOf(_estimate), PicoOf(Least));
            _key.Requests.Need(1, _now);
            _key.Project.Requests.Need(1, _now);
            _key.Tokens.Need(_estimate.Total, _now);
            _key.Project.Tokens.Need(_estimate.Total, _now);
        }

        public Reservation Take(Accounts accounts)
        {
            _key.Requests.Take(1, _now);
            _key.Project.Requests.Take(1, _now);
            var reservation = new Reservation(accounts, _key, _tokens, _rate, _surface);
            reservation.TakeUnsynchronized(Within(_tokens, _estimate.Total), Within(_key.Budget, PicoOf(_estimate)), _estimate.Total, _now);
            return reservation;
        }

        private string PlanName => $"the plan of project '{_key.Project.Id}'";

        private string ProjectName => $"project '{_key.Project.Id}'";

        private Int128 PicoOf(Estimate estimate) => _rate.CostOf(BilledAmounts.Of(_surface, new TokenCounts(estimate.Prompt, 0, estimate.Completion, 0))).Pico;

        // Held is what would be enough if running requests used nothing.
        private bool Lacks(MonthMeter meter, Int128 needed, out bool isHeld)
        {
            isHeld = false;
            if (meter.Limit is not { } limit || needed == 0 || meter.FreeIn(_month) >= needed)
            {
                return false;
            }
            isHeld = limit - meter.UsedIn(_month) >= needed;
            return true;
        }

        private void Need(MonthMeter meter, Int128 amount, Int128 least)
        {
            if (meter.Limit is not null && meter.FreeIn(_month) < amount)
            {
                meter.Share?.Need(amount, least);
            }
        }

        private ApiError? FindRate(RateBucket bucket, string whose, long units, string kind) =>
            bucket.Holds(units, _now)
                ? null
                : ApiErrors.RateReached(whose, kind, bucket.Limit!.Value, bucket.Remaining(_now), units, bucket.Until(units, _now));

        private Int128 Within(MonthMeter meter, Int128 amount) =>
            meter.Limit is null ? 0 : Int128.Max(0, Int128.Min(amount, meter.FreeIn(_month)));
    }
}
