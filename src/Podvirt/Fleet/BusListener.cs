using Microsoft.Extensions.Hosting;
using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Fleet;

/// <summary>Hears subjects of the bus from its start to its stop, each on a task of its own, each message after the one before.</summary>
internal abstract class BusListener(IBus bus) : IHostedService, IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<IAsyncDisposable> _subscriptions = [];
    private readonly List<Task> _readers = [];

    /// <summary>Subscribes before it returns: what the scheduler says first is heard.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Listen();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        try
        {
            await Task.WhenAll(_readers);
        }
        catch (OperationCanceledException)
        {
            // That is how the readers end.
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var subscription in _subscriptions)
        {
            await subscription.DisposeAsync();
        }
        _stopping.Dispose();
    }

    /// <summary>Calls <see cref="Hear"/> for each subject.</summary>
    protected abstract void Listen();

    /// <param name="subject">What is said.</param>
    /// <param name="take">What is done with each message.</param>
    /// <param name="capacity">Messages that wait at most; then the oldest gives way.</param>
    protected void Hear<T>(Subject<T> subject, Action<T> take, int capacity = 256)
        where T : class
    {
        var subscription = bus.Subscribe(subject, capacity);
        _subscriptions.Add(subscription);
        _readers.Add(ReadAsync(subscription, take));
    }

    private async Task ReadAsync<T>(IBusSubscription<T> subscription, Action<T> take)
        where T : class
    {
        await foreach (var message in subscription.ReadAllAsync(_stopping.Token))
        {
            take(message);
        }
    }
}
