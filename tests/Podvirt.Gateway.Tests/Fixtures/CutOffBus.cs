using Microsoft.Extensions.DependencyInjection;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>The word of a bus on its connection, as a test gives it.</summary>
internal sealed class CutOffBus(TimeProvider time) : IBusHealth
{
    private DateTimeOffset? _lostAt;

    public bool IsConnected => LostAt is null;


    public DateTimeOffset? LostAt => _lostAt;

    public string Reason => IsConnected ? "" : "cut by the test";

    public void Cut() => _lostAt = time.GetUtcNow();

    public void Mend() => _lostAt = null;

    public void Replace(IServiceCollection services) => services.AddSingleton<IBusHealth>(this);
}
