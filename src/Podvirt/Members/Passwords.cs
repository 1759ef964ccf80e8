using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Podvirt.Access;
using Podvirt.Api;

namespace Podvirt.Members;

internal enum PasswordCheck
{
    Wrong,

    Right,

    /// <summary>Right, and hashed at a lower cost than is used now.</summary>
    RightAndOutdated,
}

/// <summary>
/// Hashes and checks passwords (PBKDF2, by ASP.NET's own hasher). That is slow on purpose, so only as many run at a time as leave
/// processors for streams, and only so many wait.
/// </summary>
internal sealed class Passwords : IDisposable
{
    public const int LengthMin = 12;
    public const int LengthMax = 200;

    /// <summary>For HMAC-SHA512: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html.</summary>
    private const int Iterations = 210_000;

    /// <summary>At work and waiting: some seconds' worth.</summary>
    internal const int WaitingMax = 32;

    internal static readonly int PlacesMax = Math.Clamp(Environment.ProcessorCount / 2, 1, WaitingMax / 2);

    private static readonly object _nobody = new();

    private readonly IPasswordHasher<object> _hasher;
    private readonly SemaphoreSlim _places = new(PlacesMax);
    private readonly Lazy<string> _hashOfNobody;
    private int _waiting;

    public Passwords()
        : this(new PasswordHasher<object>(Options.Create(new PasswordHasherOptions { IterationCount = Iterations })))
    {
    }

    internal Passwords(IPasswordHasher<object> hasher)
    {
        _hasher = hasher;
        _hashOfNobody = new Lazy<string>(() => _hasher.HashPassword(_nobody, AdminCredential.NewSecret()));
    }

    /// <exception cref="ApiException">Too short or too long.</exception>
    public static string Check(string? password) => password is { Length: >= LengthMin and <= LengthMax }
        ? password
        : throw new ApiException(
            StatusCodes.Status400BadRequest, "invalid_password", $"A password has {LengthMin} to {LengthMax} characters.", "password");

    /// <exception cref="ApiException">Too many wait.</exception>
    public Task<string> HashAsync(string password, CancellationToken cancellationToken) =>
        RunAsync(() => _hasher.HashPassword(_nobody, password), cancellationToken);

    /// <summary>Takes as long for a member without a password, or nobody, as for a wrong one.</summary>
    /// <param name="hash">Null: nothing matches.</param>
    /// <param name="password">What was typed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ApiException">Too many wait.</exception>
    public Task<PasswordCheck> CheckAsync(string? hash, string password, CancellationToken cancellationToken) => RunAsync(
        () =>
        {
            // Made for whoever comes first, known or not.
            var nobodys = _hashOfNobody.Value;
            var result = _hasher.VerifyHashedPassword(_nobody, hash ?? nobodys, password);
            return hash is null ? PasswordCheck.Wrong
                : result == PasswordVerificationResult.Success ? PasswordCheck.Right
                : result == PasswordVerificationResult.SuccessRehashNeeded ? PasswordCheck.RightAndOutdated
                : PasswordCheck.Wrong;
        },
        cancellationToken);

    public void Dispose() => _places.Dispose();

    private async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waiting) > WaitingMax)
        {
            Interlocked.Decrement(ref _waiting);
            throw SignInLimits.TooMany(TimeSpan.FromSeconds(1));
        }
        try
        {
            await _places.WaitAsync(cancellationToken);
            try
            {
                return work();
            }
            finally
            {
                _places.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
