// What a SQL text needs from its first byte to its last.
#pragma once

#include <querytap/sql/fingerprint.h>
#include <querytap/sql/normaliser.h>

namespace querytap::pipeline {

struct SqlReader {
    sql::Normaliser normaliser;
    sql::Fingerprint shape;
};

}  // namespace querytap::pipeline
