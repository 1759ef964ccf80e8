using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>A gateway whose time goes on only when a test says so.</summary>
internal sealed class Clock : FakeTimeProvider
{
    private static readonly TimeSpan s_step = TimeSpan.FromSeconds(1);

    private readonly DateTimeOffset _start;

    public Clock()
        : base(DateTimeOffset.UnixEpoch.AddYears(60)) => _start = GetUtcNow();

    /// <summary>How much time has passed.</summary>
    public TimeSpan Elapsed => GetUtcNow() - _start;

    public void Replace(IServiceCollection services) => services.AddSingleton<TimeProvider>(this);

    /// <summary>Lets second after second pass until the condition holds.</summary>
    public Task UntilAsync(Func<bool> condition, string what) => Eventually.TrueAsync(
        () =>
        {
            if (condition())
            {
                return true;
            }
            Advance(s_step);
            return false;
        },
        what);
}
