namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>A clock that lets a test act at the very moment at which somebody looks at it.</summary>
internal sealed class LookedAtTime(TimeProvider inner) : TimeProvider
{
    private Action? _onNextLook;

    public override long TimestampFrequency => inner.TimestampFrequency;

    /// <summary>What happens once, within the next look, on the thread that looks.</summary>
    public void OnNextLook(Action act) => Volatile.Write(ref _onNextLook, act);

    public override long GetTimestamp()
    {
        Interlocked.Exchange(ref _onNextLook, null)?.Invoke();
        return inner.GetTimestamp();
    }
}
