using Podvirt.Core.Projects;
using Podvirt.Core.Usage;

namespace Podvirt.Gateway.Admission;

/// <summary>
/// What one running request holds of its key's and its project's limits. Owned by its exchange, and given back exactly once: when its
/// record is durable, to the engine's counts; without a record, whole.
/// </summary>
internal sealed class Reservation(Accounts accounts, KeyAccount key, MonthMeter tokens, Rate rate, string surface) : IDisposable
{
    // A stream that needs more takes so many tokens more at a time: the lock is taken once for as many events.
    private const int Step = 256;

    // Nothing known: the first counts decide.
    private const long Unknown = -1;

    private Int128 _tokens;
    private Int128 _pico;
    private long _ofKeyRate;
    private long _ofProjectRate;
    private bool _isReleased;

    /// <summary>Generated tokens that are certainly within all limits.</summary>
    public long CompletionMax { get; private set; } = Unknown;

    /// <summary>Under the project's lock, once it is certain that all of it may be taken.</summary>
    public void TakeUnsynchronized(Int128 amount, Int128 pico, long rateTokens, long now)
    {
        _tokens = amount;
        _pico = pico;
        tokens.Reserve(_tokens);
        key.Budget.Reserve(_pico);
        _ofKeyRate = TakeFrom(key.Tokens, rateTokens, now);
        _ofProjectRate = TakeFrom(key.Project.Tokens, rateTokens, now);
    }

    /// <summary>Makes room for an engine's counts where limits allow. False: these counts are beyond a limit.</summary>
    public bool TryCover(TokenCounts counts)
    {
        lock (key.Project.Gate)
        {
            var month = accounts.Month;
            var total = (Int128)counts.Prompt + counts.Completion;
            var cost = rate.CostOf(BilledAmounts.Of(surface, counts)).Pico;
            if (!TryGrow(tokens, ref _tokens, total, Step, month) || !TryGrow(key.Budget, ref _pico, cost, (Int128)Step * rate.CompletionPico, month))
            {
                return false;
            }
            key.AskIfLow(tokens, month, accounts.Now);
            CompletionMax = Math.Min(
                Covered(tokens, _tokens - total, 1, counts.Completion),
                Covered(key.Budget, _pico - cost, rate.CompletionPico, counts.Completion));
            return true;
        }
    }

    /// <summary>Under the project's lock.</summary>
    /// <param name="usedTokens">What the rates are charged with in the end.</param>
    /// <param name="now">As <see cref="Accounts.Now"/>.</param>
    public void ReleaseUnsynchronized(long usedTokens, long now)
    {
        if (_isReleased)
        {
            return;
        }
        _isReleased = true;
        tokens.Reserve(-_tokens);
        key.Budget.Reserve(-_pico);
        key.Tokens.Take(usedTokens - _ofKeyRate, now);
        key.Project.Tokens.Take(usedTokens - _ofProjectRate, now);
    }

    /// <summary>Gives back what no record has settled.</summary>
    public void Dispose()
    {
        lock (key.Project.Gate)
        {
            ReleaseUnsynchronized(0, accounts.Now);
        }
    }

    private static long TakeFrom(RateBucket bucket, long units, long now)
    {
        var taken = Math.Min(units, bucket.Limit ?? 0);
        bucket.Take(taken, now);
        return taken;
    }

    private static bool TryGrow(MonthMeter meter, ref Int128 held, Int128 needed, Int128 step, UtcMonth month)
    {
        if (meter.Limit is null || needed <= held)
        {
            return true;
        }
        var more = Int128.Min(needed + step - held, meter.FreeForRunningIn(month));
        if (held + more < needed)
        {
            return false;
        }
        held += more;
        meter.Reserve(more);
        return true;
    }

    private static long Covered(MonthMeter meter, Int128 left, long each, long completion) =>
        meter.Limit is null || each == 0 ? long.MaxValue : (long)Int128.Min(completion + (left / each), long.MaxValue);
}
