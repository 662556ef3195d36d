// ECDSA verification on P-256 by OpenSSL's curve arithmetic (EIP-7951). A key object of OpenSSL's high-level
// interface costs as much to make as the verification itself, so the equation is written out here.
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include <memory>

#include "core/check.hpp"
#include "evm/precompiles/contracts.hpp"

namespace quarry::evm::precompiles {
namespace {
constexpr std::size_t kInputBytes = 160;

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* what) const {
    kFree(what);
  }
};
using Group = std::unique_ptr<EC_GROUP, Freed<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Freed<EC_POINT_free>>;
using Context = std::unique_ptr<BN_CTX, Freed<BN_CTX_free>>;

/// What OpenSSL needs to work with the curve; each thread has its own.
struct Curve {
  Group group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
  Point key{EC_POINT_new(group.get())};
  Point sum{EC_POINT_new(group.get())};
  Context context{BN_CTX_new()};
  const BIGNUM* order = EC_GROUP_get0_order(group.get());
  const BIGNUM* field = EC_GROUP_get0_field(group.get());
};

BIGNUM* number(BN_CTX* context, ByteView bytes) {
  BIGNUM* out = BN_CTX_get(context);
  QUARRY_CHECK(out != nullptr);
  BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), out);
  return out;
}

bool is_scalar(const BIGNUM* value, const BIGNUM* order) {
  return !BN_is_zero(value) && BN_cmp(value, order) < 0;
}

/// FIPS 186-5, 6.4.2. OpenSSL refuses points off the curve, but reduces coordinates that are too large.
bool verify(Curve& curve, ByteView input) {
  BN_CTX* const context = curve.context.get();
  const BIGNUM* const r = number(context, input.subspan(32, 32));
  const BIGNUM* const s = number(context, input.subspan(64, 32));
  if (!is_scalar(r, curve.order) || !is_scalar(s, curve.order)) return false;
  const BIGNUM* const x = number(context, input.subspan(96, 32));
  const BIGNUM* const y = number(context, input.subspan(128, 32));
  if (BN_cmp(x, curve.field) >= 0 || BN_cmp(y, curve.field) >= 0) return false;
  if (EC_POINT_set_affine_coordinates(curve.group.get(), curve.key.get(), x, y, context) != 1) return false;

  BIGNUM* const u1 = number(context, input.first(32));
  BIGNUM* const u2 = BN_CTX_get(context);
  BIGNUM* const inverse = BN_CTX_get(context);
  QUARRY_CHECK(inverse && BN_mod_inverse(inverse, s, curve.order, context));
  QUARRY_CHECK(BN_mod_mul(u1, u1, inverse, curve.order, context) == 1);
  QUARRY_CHECK(BN_mod_mul(u2, r, inverse, curve.order, context) == 1);
  QUARRY_CHECK(EC_POINT_mul(curve.group.get(), curve.sum.get(), u1, curve.key.get(), u2, context) == 1);
  if (EC_POINT_is_at_infinity(curve.group.get(), curve.sum.get()) == 1) return false;
  BIGNUM* const found = BN_CTX_get(context);
  QUARRY_CHECK(EC_POINT_get_affine_coordinates(curve.group.get(), curve.sum.get(), found, nullptr, context) ==
               1);
  QUARRY_CHECK(BN_nnmod(found, found, curve.order, context) == 1);
  return BN_cmp(found, r) == 0;
}
}  // namespace

bool p256_verify(ByteView input, const Rules&, Bytes& output) {
  output.clear();
  if (input.size() != kInputBytes) return true;
  thread_local Curve curve;
  BN_CTX_start(curve.context.get());
  const bool good = verify(curve, input);
  BN_CTX_end(curve.context.get());
  if (good) {
    output.assign(32, 0);
    output[31] = 1;
  }
  return true;
}

}  // namespace quarry::evm::precompiles
