using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>A bus that can be down, or hang.</summary>
internal sealed class SilencedBus(IBus inner) : IBus
{
    private readonly TaskCompletionSource _back = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly ConcurrentDictionary<string, bool> _hanging = new(StringComparer.Ordinal);

    public volatile bool IsDown;

    /// <summary>What is published neither succeeds nor fails, and heeds no cancellation, until <see cref="Back"/>.</summary>
    public volatile bool Hangs;

    public static SilencedBus Around(IServiceCollection services) =>
        new((IBus)Activator.CreateInstance(services.Last(s => s.ServiceType == typeof(IBus)).ImplementationType!)!);

    /// <summary>Something on that subject waits for it.</summary>
    public bool Hanging(string subject) => _hanging.ContainsKey(subject);

    public void Back()
    {
        Hangs = false;
        _back.SetResult();
    }

    public async ValueTask PublishAsync<T>(Subject<T> subject, T message, CancellationToken cancellationToken = default)
        where T : class
    {
        if (IsDown)
        {
            throw new IOException("no connection to the bus");
        }
        if (Hangs)
        {
            _hanging[subject.Name] = true;
            await _back.Task;
        }
        await inner.PublishAsync(subject, message, cancellationToken);
    }

    public IBusSubscription<T> Subscribe<T>(Subject<T> subject, int capacity = 256)
        where T : class => inner.Subscribe(subject, capacity);
}
